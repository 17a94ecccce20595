-- Reads the oldest available messages of one event type. Parameters: inbox, type, after event, limit. One range of
-- inbox_messages_available.
SELECT event_id, event_type, lease_count FROM inbox_messages INDEXED BY inbox_messages_available
WHERE inbox_id = ?1 AND status = 'available' AND event_type = ?2 AND event_id > ?3
ORDER BY event_id LIMIT ?4
