-- Looks at an inbox's messages of every status, oldest first: events with a row, and those after the cursor without one.
-- Parameters: inbox, organization, after event, limit, now, max leases. A lease or delay that ran out is shown as what it
-- will be once it is woken. One range of events_by_organization, a probe of inbox_messages for each.
SELECT event.id, event.organization_id, event.type, event.data, event.dedup_id, event.ordering_key, event.deliver_at,
  event.created_at, event.traceparent, event.hops,
  message.status IS NOT NULL AS touched,
  CASE
    WHEN message.due_at <= $5 AND message.lease_count >= $6 THEN 'quarantined'
    WHEN message.due_at <= $5 OR message.status = 'delayed' THEN 'available'
    ELSE coalesce(message.status, 'available')
  END AS status,
  coalesce(message.lease_count, 0) AS lease_count
FROM events AS event
LEFT JOIN LATERAL (
  SELECT status, lease_count, due_at FROM inbox_messages WHERE inbox_id = $1 AND event_id = event.id LIMIT 1
) AS message ON true
WHERE event.organization_id = $2 AND event.id > $3
  AND (message.status IS NOT NULL OR event.id > (SELECT cursor_event_id FROM inboxes WHERE id = $1))
ORDER BY event.id LIMIT $4
