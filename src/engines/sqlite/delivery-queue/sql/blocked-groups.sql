-- Reads up to a limit of an endpoint's blocked ordering groups. Parameters: endpoint, limit. Costs one index range.
SELECT order_group, delivery_id FROM order_turns WHERE endpoint_id = ?1 AND blocked = 1 LIMIT ?2
