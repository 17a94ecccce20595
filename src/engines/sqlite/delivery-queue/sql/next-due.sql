-- Reads when the lane's next delivery is due or its next lease expires. Parameters: endpoint. Null when nothing waits.
-- Costs two index lookups.
SELECT min(at) AS at FROM (
  SELECT min(due_at) AS at FROM deliveries INDEXED BY deliveries_waiting
  WHERE endpoint_id = ?1 AND due_at IS NOT NULL
  UNION ALL
  SELECT min(leased_until) AS at FROM deliveries INDEXED BY deliveries_leased
  WHERE endpoint_id = ?1 AND leased_until IS NOT NULL
)
