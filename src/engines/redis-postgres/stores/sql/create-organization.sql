-- Writes an organization with its first key and its inbox, all or nothing of it. Parameters: id, name, tier, created at;
-- key: id, name, prefix, sha256, created at, expires at; inbox: id, name, max leases; key: scopes (JSON). Returns whether it did: the
-- organization's id or the key's hash may be there already.
WITH wanted AS (
  SELECT WHERE NOT EXISTS (SELECT FROM organizations WHERE id = $1)
    AND NOT EXISTS (SELECT FROM api_keys WHERE sha256 = $8)
), organization AS (
  INSERT INTO organizations (id, name, tier, created_at) SELECT $1::uuid, $2, $3, $4::bigint FROM wanted RETURNING id
), key AS (
  INSERT INTO api_keys (id, organization_id, name, prefix, sha256, created_at, expires_at, scopes)
  SELECT $5::uuid, id, $6, $7, $8, $9::bigint, $10::bigint, $14 FROM organization
), inbox AS (
  INSERT INTO inboxes (id, organization_id, name, event_types, max_leases, paused, cursor_event_id, created_at)
  SELECT $11::uuid, id, $12, '[]', $13::integer, 0, '00000000-0000-0000-0000-000000000000', $4::bigint FROM organization
)
SELECT count(*) = 1 AS created FROM organization
