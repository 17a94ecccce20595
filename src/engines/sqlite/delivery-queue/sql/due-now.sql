-- Reads since when the oldest due delivery has been due, and how many scheduled ones (retries, scheduled events) are
-- due. Parameters: now, maximum number of lanes, maximum count. Skips from endpoint to endpoint over
-- deliveries_waiting; a delivery with due_at = 0 has been due since it was created. Costs two index lookups and a range
-- per lane.
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
SELECT
  (SELECT min(at) FROM (
    SELECT (SELECT min(due_at) FROM deliveries INDEXED BY deliveries_waiting
            WHERE deliveries.endpoint_id = lane.endpoint_id AND due_at > 0 AND due_at <= ?1) AS at
    FROM lane WHERE endpoint_id IS NOT NULL
    UNION ALL
    SELECT (SELECT created_at FROM deliveries INDEXED BY deliveries_waiting
            WHERE deliveries.endpoint_id = lane.endpoint_id AND due_at = 0 ORDER BY id LIMIT 1)
    FROM lane WHERE endpoint_id IS NOT NULL
  )) AS oldest_at,
  (SELECT count(*) FROM (
    SELECT 1
    FROM lane CROSS JOIN deliveries INDEXED BY deliveries_waiting ON deliveries.endpoint_id = lane.endpoint_id
    WHERE due_at > 0 AND due_at <= ?1
    LIMIT ?3
  )) AS retries
