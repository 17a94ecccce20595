-- Reads the head of an ordering group. Parameters: endpoint, group. Costs one index lookup.
SELECT delivery_id, blocked FROM order_turns WHERE endpoint_id = ?1 AND order_group = ?2
