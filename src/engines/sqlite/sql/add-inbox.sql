-- Writes an inbox that has seen no event. Parameters: id, organization, name, event types (JSON), max leases, created at.
INSERT INTO inboxes (id, organization_id, name, event_types, max_leases, paused, cursor_event_id, created_at)
VALUES (?1, ?2, ?3, ?4, ?5, 0, '', ?6)
