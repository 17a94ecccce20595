-- Takes back a lease that was given a moment ago, as if it had not been: what comes after the bytes that one answer may
-- have. Parameters: inbox, ids, lease. A probe an id, and by the key alone: with the lease among its conditions, the planner
-- goes through all of the lease for each. Rows are waited for in the order of their events. Returns them.
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
