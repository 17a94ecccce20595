-- Reads an organization's events among some ids, with their deliveries. Parameters: organization, ids. `waits`: one of the
-- deliveries is unfinished. A probe and a range each.
SELECT event.id, delivery.ids AS delivery_ids, delivery.waits
FROM unnest($2::uuid[]) AS wanted (id) CROSS JOIN LATERAL (
  SELECT id FROM events WHERE events.id = wanted.id AND events.organization_id = $1 OFFSET 0
) AS event CROSS JOIN LATERAL (
  SELECT coalesce(array_agg(id::text), '{}') AS ids, coalesce(bool_or(status IN ('pending', 'retrying')), false) AS waits
  FROM deliveries WHERE deliveries.event_id = event.id
) AS delivery
