-- Nobody has the turn of a group. Parameters: endpoint, group. One probe.
DELETE FROM order_turns WHERE endpoint_id = ?1 AND order_group = ?2
