-- Advances an inbox's cursor. Parameters: inbox, event.
UPDATE inboxes SET cursor_event_id = ?2 WHERE id = ?1
