-- Makes messages with an expired lease or delay available, or quarantined when they have had all their leases.
-- Parameters: inbox, now, max leases, limit. Returns their new state. Costs one range of inbox_messages_due; each
-- message is woken once.
UPDATE inbox_messages
SET status = CASE WHEN lease_count >= ?3 THEN 'quarantined' ELSE 'available' END, lease_id = NULL, due_at = NULL
WHERE inbox_id = ?1 AND event_id IN (
  SELECT event_id FROM inbox_messages INDEXED BY inbox_messages_due
  WHERE inbox_id = ?1 AND due_at <= ?2 ORDER BY due_at LIMIT ?4
)
RETURNING event_id, event_type, status
