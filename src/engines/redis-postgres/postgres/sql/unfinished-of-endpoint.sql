-- Reads a bounded number of an endpoint's deliveries that wait or are in an attempt. Parameters: endpoint, limit. Two
-- ranges of deliveries_by_endpoint.
SELECT waiting.id FROM unnest(ARRAY['pending', 'retrying']) AS unfinished (status) CROSS JOIN LATERAL (
  SELECT id FROM deliveries
  WHERE endpoint_id = $1 AND deliveries.status = unfinished.status
  ORDER BY id LIMIT $2
) AS waiting
LIMIT $2
