-- Looks at an inbox's messages of one status, oldest first. Parameters: inbox, organization, after event, limit, now, max
-- leases, status. What is released for later is available; a lease or delay that ran out is what it will be once it is
-- woken; an event without a row is available. Begins at the organization's oldest event: retention takes events first,
-- what inboxes know about them later. A range of inbox_messages_by_status for the status itself and for what is
-- released for later, all of inbox_messages_due that ran out, a range of events_by_organization with a probe of
-- inbox_messages for each: each of them `limit` long at most, but for those that ran out.
WITH oldest_event AS MATERIALIZED (
  SELECT id FROM events WHERE organization_id = $2 ORDER BY id LIMIT 1
), found AS (
  (
    SELECT event_id, lease_count, true AS touched FROM inbox_messages
    WHERE inbox_id = $1 AND status = $7 AND event_id > $3 AND event_id >= (SELECT id FROM oldest_event)
      AND (due_at > $5) IS NOT FALSE
    ORDER BY event_id LIMIT $4
  )
  UNION ALL
  (
    SELECT event_id, lease_count, true FROM inbox_messages
    WHERE $7 = 'available' AND inbox_id = $1 AND status = 'delayed' AND event_id > $3
      AND event_id >= (SELECT id FROM oldest_event) AND due_at > $5
    ORDER BY event_id LIMIT $4
  )
  UNION ALL
  (
    SELECT event_id, lease_count, true FROM inbox_messages
    WHERE $7 IN ('available', 'quarantined') AND inbox_id = $1 AND due_at <= $5 AND event_id > $3
      AND event_id >= (SELECT id FROM oldest_event)
      AND CASE WHEN lease_count >= $6 THEN 'quarantined' ELSE 'available' END = $7
    ORDER BY event_id LIMIT $4
  )
  UNION ALL
  (
    SELECT event.id, 0, false
    FROM events AS event
    LEFT JOIN LATERAL (
      SELECT true AS touched FROM inbox_messages WHERE inbox_id = $1 AND event_id = event.id LIMIT 1
    ) AS message ON true
    WHERE $7 = 'available' AND event.organization_id = $2 AND event.id > $3
      AND event.id > (SELECT cursor_event_id FROM inboxes WHERE id = $1) AND message.touched IS NULL
    ORDER BY event.id LIMIT $4
  )
)
SELECT event.id, event.organization_id, event.type, event.data, event.dedup_id, event.ordering_key, event.deliver_at,
  event.created_at, event.traceparent, event.hops, oldest.touched, $7 AS status, oldest.lease_count
FROM (SELECT event_id, lease_count, touched FROM found ORDER BY event_id LIMIT $4) AS oldest
CROSS JOIN LATERAL (SELECT * FROM events WHERE id = oldest.event_id AND organization_id = $2 LIMIT 1) AS event
ORDER BY event.id
