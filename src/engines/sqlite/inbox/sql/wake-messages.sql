-- Makes messages whose lease or delay ran out available, or quarantined when they had their leases. Parameters: inbox,
-- now, max leases, limit. Returns them as they are now. One range of inbox_messages_due; each lease is woken at most once.
UPDATE inbox_messages
SET status = CASE WHEN lease_count >= ?3 THEN 'quarantined' ELSE 'available' END, lease_id = NULL, due_at = NULL
WHERE inbox_id = ?1 AND event_id IN (
  SELECT event_id FROM inbox_messages INDEXED BY inbox_messages_due
  WHERE inbox_id = ?1 AND due_at <= ?2 ORDER BY due_at LIMIT ?4
)
RETURNING event_id, event_type, status
