-- Ends the hold on messages, in the order of their event ids: available again, at once or later, or quarantined when they
-- had their leases. Parameters: inbox, lease, now, ids (null = all that the lease holds), available from (null = at
-- once), max leases. Returns the ids that were held. One range of inbox_messages_by_lease.
WITH held AS MATERIALIZED (
  SELECT event_id FROM inbox_messages
  WHERE lease_id = $2 AND inbox_id = $1 AND due_at > $3 AND ($4::uuid[] IS NULL OR event_id = ANY ($4))
  ORDER BY event_id FOR UPDATE
)
UPDATE inbox_messages AS message
SET status = CASE WHEN lease_count >= $6 THEN 'quarantined' WHEN $5::bigint IS NULL THEN 'available' ELSE 'delayed' END,
    due_at = CASE WHEN lease_count >= $6 THEN NULL ELSE $5::bigint END,
    lease_id = NULL
FROM held WHERE message.inbox_id = $1 AND message.event_id = held.event_id
RETURNING message.event_id AS id
