-- Reads whose turn it is in a group. Parameters: endpoint, group. One probe.
SELECT delivery_id, blocked FROM order_turns WHERE endpoint_id = ?1 AND order_group = ?2
