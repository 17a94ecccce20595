-- Acks all that a living lease holds, in the order of the event ids. Parameters: inbox, lease, now. One range of
-- inbox_messages_by_lease. Returns how many.
WITH held AS MATERIALIZED (
  SELECT event_id FROM inbox_messages
  WHERE lease_id = $2 AND inbox_id = $1 AND due_at > $3
  ORDER BY event_id FOR UPDATE
), acked AS (
  UPDATE inbox_messages AS message SET status = 'acked', lease_id = NULL, due_at = NULL
  FROM held WHERE message.inbox_id = $1 AND message.event_id = held.event_id
  RETURNING 1
)
SELECT count(*)::integer AS acknowledged FROM acked
