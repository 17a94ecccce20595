-- Sets the head of an ordering group. Parameters: endpoint, group, delivery, 1 if it blocks the group, else 0. Costs
-- one index lookup.
UPDATE order_turns SET delivery_id = ?3, blocked = ?4 WHERE endpoint_id = ?1 AND order_group = ?2
