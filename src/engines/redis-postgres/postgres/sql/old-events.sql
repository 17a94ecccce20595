-- Reads the next events of retention, oldest first. Parameters: after which id, before which id, limit. `waits`: one of
-- the event's deliveries is unfinished. Limit rows, and a range of deliveries_by_event for each.
SELECT event.id, EXISTS (
  SELECT FROM deliveries WHERE deliveries.event_id = event.id AND deliveries.status IN ('pending', 'retrying')
) AS waits
FROM events AS event
WHERE event.id > $1 AND event.id < $2
ORDER BY event.id LIMIT $3
