-- Counts deliveries that are due by the clock: retries, and events with a time. Parameters: now, how many lanes to look at,
-- where counting stops. Hops from endpoint to endpoint over deliveries_waiting, then one range a lane.
WITH RECURSIVE lane (endpoint_id) AS (
  SELECT min(endpoint_id) FROM deliveries INDEXED BY deliveries_waiting WHERE due_at IS NOT NULL
  UNION ALL
  SELECT (
    SELECT min(endpoint_id) FROM deliveries INDEXED BY deliveries_waiting
    WHERE due_at IS NOT NULL AND deliveries.endpoint_id > lane.endpoint_id
  )
  FROM lane WHERE lane.endpoint_id IS NOT NULL
  LIMIT ?2
)
SELECT count(*) AS due FROM (
  SELECT 1
  FROM lane CROSS JOIN deliveries INDEXED BY deliveries_waiting ON deliveries.endpoint_id = lane.endpoint_id
  WHERE due_at > 0 AND due_at <= ?1
  LIMIT ?3
)
