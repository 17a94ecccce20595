-- Gives the turn of a group to a delivery, or leaves it with one that blocks. Parameters: endpoint, group, delivery, 1 if
-- it blocks else 0. One probe.
UPDATE order_turns SET delivery_id = ?3, blocked = ?4 WHERE endpoint_id = ?1 AND order_group = ?2
