-- Reads a bounded number of an endpoint's groups that a failed delivery holds up. Parameters: endpoint, limit. One range.
SELECT order_group, delivery_id FROM order_turns WHERE endpoint_id = ?1 AND blocked = 1 LIMIT ?2
