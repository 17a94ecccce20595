-- Undoes the lease of messages, which is then not counted. Parameters: inbox, ids, lease. Returns the messages. Costs a
-- lookup per id, by the primary key alone: with the lease among the conditions the planner scans the whole lease for
-- each id. Rows are locked in the order of their events.
INSERT INTO inbox_messages AS message (inbox_id, event_id, event_type, status, lease_count)
SELECT $1, held.event_id, held.event_type, 'available', held.lease_count - 1
FROM unnest($2::uuid[]) AS one (id) CROSS JOIN LATERAL (
  SELECT event_id, event_type, lease_count, lease_id FROM inbox_messages
  WHERE (inbox_id, event_id) >= ($1, one.id) AND (inbox_id, event_id) <= ($1, one.id)
  ORDER BY inbox_id, event_id LIMIT 1 FOR UPDATE
) AS held
WHERE held.lease_id = $3
ON CONFLICT (inbox_id, event_id) DO UPDATE
SET status = excluded.status, lease_count = excluded.lease_count, lease_id = NULL, due_at = NULL
RETURNING message.event_id
