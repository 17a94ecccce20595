-- Ends a bounded number of an endpoint's deliveries that wait or are in an attempt; its settling comes too late then.
-- Parameters: endpoint, status, now, limit. Returns their ids. Two ranges of deliveries_by_endpoint.
WITH unfinished AS MATERIALIZED (
  SELECT waiting.id FROM unnest(ARRAY['pending', 'retrying']) AS unfinished (status) CROSS JOIN LATERAL (
    SELECT id FROM deliveries
    WHERE endpoint_id = $1 AND deliveries.status = unfinished.status
    ORDER BY id LIMIT $4
    FOR UPDATE
  ) AS waiting
  LIMIT $4
)
UPDATE deliveries AS delivery SET status = $2, due_at = NULL, leased_until = NULL, updated_at = $3
FROM unfinished WHERE delivery.id = unfinished.id
RETURNING delivery.id
