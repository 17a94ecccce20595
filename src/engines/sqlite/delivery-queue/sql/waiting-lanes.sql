-- Reads every lane in which something waits or is leased, with the time it comes due: hops from endpoint to endpoint
-- over the two partial indexes, a few probes a lane, however many deliveries each holds.
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
