-- Looks at an inbox's messages of every status (migrations/0003-inbox-lists.sql says how). Parameters: inbox,
-- organization, after event, limit, now, max leases.
SELECT id, organization_id, type, data, dedup_id, ordering_key, deliver_at, created_at, traceparent, hops, touched,
  status, lease_count
FROM list_messages($1, $2, $3, $4, $5, $6)
