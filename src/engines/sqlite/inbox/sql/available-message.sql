-- Reads one message if it is available. Parameters: inbox, event. Costs one lookup.
SELECT event_id, event_type, lease_count FROM inbox_messages
WHERE inbox_id = ?1 AND event_id = ?2 AND status = 'available'
