-- Ends a bounded number of an endpoint's deliveries that wait or are in an attempt; its settling comes too late then.
-- Parameters: endpoint, status, now, limit. Returns their ids. One range of deliveries_unfinished_by_endpoint.
WITH unfinished AS MATERIALIZED (
  SELECT id FROM deliveries
  WHERE endpoint_id = $1 AND (due_at IS NOT NULL OR leased_until IS NOT NULL)
  ORDER BY id LIMIT $4
  FOR UPDATE
)
UPDATE deliveries AS delivery SET status = $2, due_at = NULL, leased_until = NULL, updated_at = $3
FROM unfinished WHERE delivery.id = unfinished.id
RETURNING delivery.id
