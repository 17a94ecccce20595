-- Ends a bounded number of an endpoint's deliveries that are in an attempt; its settling comes too late then.
-- Parameters: endpoint, status, now, limit.
UPDATE deliveries SET status = ?2, leased_until = NULL, updated_at = ?3
WHERE id IN (
  SELECT id FROM deliveries INDEXED BY deliveries_leased WHERE endpoint_id = ?1 AND leased_until IS NOT NULL LIMIT ?4
)
