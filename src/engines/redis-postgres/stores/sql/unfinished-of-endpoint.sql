-- Reads a bounded number of an endpoint's deliveries that wait or are in an attempt. Parameters: endpoint, limit. Two
-- ranges of deliveries_by_endpoint.
SELECT waiting.id FROM unnest(ARRAY['pending', 'retrying']) AS unfinished (status) CROSS JOIN LATERAL (
  SELECT id FROM deliveries
  WHERE (endpoint_id, deliveries.status, id) >= ($1, unfinished.status, '00000000-0000-0000-0000-000000000000')
    AND (endpoint_id, deliveries.status, id) <= ($1, unfinished.status, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
  ORDER BY endpoint_id, deliveries.status, id LIMIT $2
) AS waiting
LIMIT $2
