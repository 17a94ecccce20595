-- Reads messages of an unexpired lease. Parameters: inbox, lease, now, limit. Costs one range of inbox_messages_by_lease.
SELECT event_id, event_type, lease_count FROM inbox_messages INDEXED BY inbox_messages_by_lease
WHERE lease_id = ?2 AND inbox_id = ?1 AND due_at > ?3
LIMIT ?4
