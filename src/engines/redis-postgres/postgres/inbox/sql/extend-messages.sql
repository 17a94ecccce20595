-- Sets a new end of the hold on messages, in the order of their event ids. Parameters: inbox, lease, now, ids (null = all
-- that the lease holds), until. Returns the ids that were held. One range of inbox_messages_by_lease.
WITH held AS MATERIALIZED (
  SELECT event_id FROM inbox_messages
  WHERE lease_id = $2 AND inbox_id = $1 AND due_at > $3 AND ($4::uuid[] IS NULL OR event_id = ANY ($4))
  ORDER BY event_id FOR UPDATE
)
UPDATE inbox_messages AS message SET due_at = $5
FROM held WHERE message.inbox_id = $1 AND message.event_id = held.event_id
RETURNING message.event_id AS id
