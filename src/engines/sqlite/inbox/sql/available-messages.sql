-- Reads the oldest available messages that have a row. Parameters: inbox, limit. One range of inbox_messages_by_status.
SELECT event_id, event_type, lease_count FROM inbox_messages INDEXED BY inbox_messages_by_status
WHERE inbox_id = ?1 AND status = 'available'
ORDER BY event_id LIMIT ?2
