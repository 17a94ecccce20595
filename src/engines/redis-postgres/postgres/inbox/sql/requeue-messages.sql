-- Makes quarantined messages available with a fresh count, in the order of their event ids; also those whose last lease
-- ran out, though nobody has looked since. Parameters: inbox, ids, now, max leases. Returns those that were. A probe an
-- id.
WITH quarantined AS MATERIALIZED (
  SELECT event_id FROM inbox_messages
  WHERE inbox_id = $1 AND event_id = ANY ($2::uuid[])
    AND (status = 'quarantined' OR (due_at <= $3 AND lease_count >= $4))
  ORDER BY event_id FOR UPDATE
)
UPDATE inbox_messages AS message SET status = 'available', lease_count = 0, lease_id = NULL, due_at = NULL
FROM quarantined WHERE message.inbox_id = $1 AND message.event_id = quarantined.event_id
RETURNING message.event_id AS id
