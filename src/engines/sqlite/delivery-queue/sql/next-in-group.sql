-- Reads the next delivery of an ordering group. Parameters: endpoint, group. Costs one lookup in deliveries_in_order.
SELECT id FROM deliveries INDEXED BY deliveries_in_order
WHERE endpoint_id = ?1 AND order_group = ?2 AND order_group IS NOT NULL AND status IN ('pending', 'retrying')
ORDER BY id LIMIT 1
