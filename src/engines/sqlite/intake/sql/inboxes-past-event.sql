-- Reads the organization's inboxes whose cursor has passed an event. Parameters: organization, event. Costs one short
-- range.
SELECT id, event_types FROM inboxes WHERE organization_id = ?1 AND cursor_event_id >= ?2
