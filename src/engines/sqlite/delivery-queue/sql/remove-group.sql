-- Removes an ordering group, which has no more deliveries. Parameters: endpoint, group. Costs one index lookup.
DELETE FROM order_turns WHERE endpoint_id = ?1 AND order_group = ?2
