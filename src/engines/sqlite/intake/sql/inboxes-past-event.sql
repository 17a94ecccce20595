-- Reads the organization's inboxes whose cursor has gone past an event. Parameters: organization, event. One short range.
SELECT id, event_types FROM inboxes WHERE organization_id = ?1 AND cursor_event_id >= ?2
