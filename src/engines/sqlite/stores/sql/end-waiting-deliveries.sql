-- Ends a bounded number of an endpoint's waiting deliveries. Parameters: endpoint, status, now, limit.
UPDATE deliveries SET status = ?2, due_at = NULL, updated_at = ?3
WHERE id IN (
  SELECT id FROM deliveries INDEXED BY deliveries_waiting WHERE endpoint_id = ?1 AND due_at IS NOT NULL LIMIT ?4
)
