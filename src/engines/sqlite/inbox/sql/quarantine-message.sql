-- Quarantines a message. Parameters: inbox, event.
UPDATE inbox_messages SET status = 'quarantined', lease_id = NULL, due_at = NULL WHERE inbox_id = ?1 AND event_id = ?2
