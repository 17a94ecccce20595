-- Ends a bounded number of an endpoint's deliveries that wait for their turn: once what is due or leased has ended, all
-- that are left. Parameters: endpoint, status, now, limit. One range of deliveries_in_order.
UPDATE deliveries SET status = ?2, updated_at = ?3
WHERE id IN (
  SELECT id FROM deliveries INDEXED BY deliveries_in_order
  WHERE endpoint_id = ?1 AND order_group IS NOT NULL AND status IN ('pending', 'retrying')
    AND due_at IS NULL AND leased_until IS NULL
  LIMIT ?4
)
