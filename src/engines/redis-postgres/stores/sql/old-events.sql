-- Reads the next events of retention, oldest first, with their deliveries. Parameters: after which id, before which id,
-- limit. `waits`: one of the deliveries is unfinished. Limit rows, and a range of deliveries_by_event for each.
SELECT event.id, delivery.ids AS delivery_ids, delivery.waits
FROM (SELECT id FROM events WHERE id > $1 AND id < $2 ORDER BY id LIMIT $3) AS event CROSS JOIN LATERAL (
  SELECT coalesce(array_agg(id::text), '{}') AS ids, coalesce(bool_or(status IN ('pending', 'retrying')), false) AS waits
  FROM deliveries WHERE deliveries.event_id = event.id
) AS delivery
ORDER BY event.id
