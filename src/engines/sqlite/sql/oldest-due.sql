-- Reads since when the longest waiting delivery is due. Parameters: now, how many lanes to look at. Hops from endpoint to
-- endpoint over deliveries_waiting; one that is due at once is due since it was made. Two probes a lane.
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
SELECT min(at) AS at FROM (
  SELECT (SELECT min(due_at) FROM deliveries INDEXED BY deliveries_waiting
          WHERE deliveries.endpoint_id = lane.endpoint_id AND due_at > 0 AND due_at <= ?1) AS at
  FROM lane WHERE endpoint_id IS NOT NULL
  UNION ALL
  SELECT (SELECT created_at FROM deliveries INDEXED BY deliveries_waiting
          WHERE deliveries.endpoint_id = lane.endpoint_id AND due_at = 0 ORDER BY id LIMIT 1)
  FROM lane WHERE endpoint_id IS NOT NULL
)
