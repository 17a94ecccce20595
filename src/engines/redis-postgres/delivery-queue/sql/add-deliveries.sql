-- Writes deliveries of recorded events (add_deliveries, migration 0006). Parameters, one column each: ids,
-- organizations, events, types, endpoints, ordering groups, due at; then now. Deliveries of events that no longer exist
-- are left out; the other events are locked, so that none is erased before its delivery is written.
WITH locked AS MATERIALIZED (
  SELECT id FROM events WHERE id = ANY ($3::uuid[]) ORDER BY id FOR KEY SHARE
), standing AS (
  SELECT array_agg(id) AS ids, array_agg(organization_id) AS organizations, array_agg(event_id) AS events,
    array_agg(type) AS types, array_agg(endpoint_id) AS endpoints, array_agg(order_group) AS groups, array_agg(due_at) AS due
  FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::uuid[], $6::text[], $7::bigint[])
    AS given (id, organization_id, event_id, type, endpoint_id, order_group, due_at)
  WHERE event_id IN (SELECT id FROM locked)
)
SELECT delivery_id, endpoint_id, at
FROM standing, add_deliveries(
  standing.ids, standing.organizations, standing.events, standing.types, standing.endpoints, standing.groups, standing.due, $8
)
