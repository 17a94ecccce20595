-- Reads an inbox's messages of one status that have a row, oldest first. Parameters: inbox, status, after event, limit.
-- One range of inbox_messages_by_status.
SELECT event_id, event_type, status, lease_count, lease_id, due_at FROM inbox_messages INDEXED BY inbox_messages_by_status
WHERE inbox_id = ?1 AND status = ?2 AND event_id > ?3
ORDER BY event_id LIMIT ?4
