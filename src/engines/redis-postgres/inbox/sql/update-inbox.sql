-- Changes an inbox. Parameters: organization, name, event types (JSON), max leases, paused; null = unchanged. Returns
-- the changed inbox.
UPDATE inboxes
SET event_types = coalesce($3, event_types), max_leases = coalesce($4::integer, max_leases),
  paused = coalesce($5::integer, paused)
WHERE organization_id = $1 AND name = $2
RETURNING id, organization_id, name, event_types, max_leases, paused, created_at
