-- Reads an inbox. Parameters: organization, name. Costs one lookup.
SELECT id, organization_id, name, event_types, max_leases, paused, cursor_event_id, created_at
FROM inboxes WHERE organization_id = ?1 AND name = ?2
