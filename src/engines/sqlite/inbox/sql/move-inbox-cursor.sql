-- Moves an inbox's cursor on. Parameters: inbox, event.
UPDATE inboxes SET cursor_event_id = ?2 WHERE id = ?1
