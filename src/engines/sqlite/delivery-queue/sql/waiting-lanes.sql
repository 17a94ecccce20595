-- Reads every lane with a waiting or leased delivery and the time the next one is due. Skips from endpoint to endpoint
-- over two partial indexes: a few lookups per lane, however many deliveries it has.
WITH RECURSIVE lane (endpoint_id) AS (
  SELECT min(endpoint_id) FROM (
    SELECT min(endpoint_id) AS endpoint_id FROM deliveries INDEXED BY deliveries_waiting WHERE due_at IS NOT NULL
    UNION ALL
    SELECT min(endpoint_id) FROM deliveries INDEXED BY deliveries_leased WHERE leased_until IS NOT NULL
  )
  UNION ALL
  SELECT (
    SELECT min(endpoint_id) FROM (
      SELECT min(endpoint_id) AS endpoint_id FROM deliveries INDEXED BY deliveries_waiting
      WHERE due_at IS NOT NULL AND endpoint_id > lane.endpoint_id
      UNION ALL
      SELECT min(endpoint_id) FROM deliveries INDEXED BY deliveries_leased
      WHERE leased_until IS NOT NULL AND endpoint_id > lane.endpoint_id
    )
  )
  FROM lane WHERE lane.endpoint_id IS NOT NULL
)
SELECT
  endpoint_id,
  (SELECT min(due_at) FROM deliveries INDEXED BY deliveries_waiting
   WHERE due_at IS NOT NULL AND deliveries.endpoint_id = lane.endpoint_id) AS due_at,
  (SELECT min(leased_until) FROM deliveries INDEXED BY deliveries_leased
   WHERE leased_until IS NOT NULL AND deliveries.endpoint_id = lane.endpoint_id) AS leased_until
FROM lane WHERE endpoint_id IS NOT NULL
