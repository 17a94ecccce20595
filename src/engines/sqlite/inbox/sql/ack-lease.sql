-- Acknowledges all messages of an unexpired lease. Parameters: inbox, lease, now. Costs one range of
-- inbox_messages_by_lease.
UPDATE inbox_messages INDEXED BY inbox_messages_by_lease
SET status = 'acked', lease_id = NULL, due_at = NULL
WHERE lease_id = ?2 AND inbox_id = ?1 AND due_at > ?3
