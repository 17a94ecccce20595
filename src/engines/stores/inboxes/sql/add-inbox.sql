-- Writes an inbox. Parameters: id, organization, name, event types (JSON), max leases, paused, cursor (up to which event it
-- has gone), created at. Changes nothing when the name is taken.
INSERT INTO inboxes (id, organization_id, name, event_types, max_leases, paused, cursor_event_id, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (organization_id, name) DO NOTHING
