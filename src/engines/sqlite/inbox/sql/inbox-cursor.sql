-- Reads an inbox's cursor: the last event that a lease has scanned. Parameters: inbox. Costs one lookup.
SELECT cursor_event_id FROM inboxes WHERE id = ?1
