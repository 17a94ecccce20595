-- Writes what may change of an inbox. Parameters: organization, name, event types (JSON), max leases, paused, each null = as
-- it is. Returns it as it is now.
UPDATE inboxes
SET event_types = coalesce($3, event_types), max_leases = coalesce($4::integer, max_leases),
  paused = coalesce($5::integer, paused)
WHERE organization_id = $1 AND name = $2
RETURNING id, organization_id, name, event_types, max_leases, paused, created_at
