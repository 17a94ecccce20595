-- Reads the next events in the order of commits. Parameters: after seq, limit. waits = 1 while one of the event's
-- deliveries waits. Limit rows, and a range of deliveries_by_event for each.
SELECT seq, id, organization_id, created_at, EXISTS (
  SELECT 1 FROM deliveries INDEXED BY deliveries_by_event
  WHERE deliveries.event_id = events.id AND deliveries.status IN ('pending', 'retrying')
) AS waits
FROM events
WHERE seq > ?1
ORDER BY seq LIMIT ?2
