-- Writes what may change of an inbox. Parameters: organization, name, event types (JSON), max leases, paused, each null = as
-- it is. One row.
UPDATE inboxes SET event_types = coalesce($3, event_types), max_leases = coalesce($4, max_leases), paused = coalesce($5, paused)
WHERE organization_id = $1 AND name = $2
