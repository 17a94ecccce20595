-- Reads up to which event an inbox has gone. Parameters: inbox. One probe.
SELECT cursor_event_id FROM inboxes WHERE id = ?1
