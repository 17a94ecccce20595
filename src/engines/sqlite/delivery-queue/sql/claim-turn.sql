-- Takes the turn of a group, unless another has it. Parameters: endpoint, group, delivery. One probe.
INSERT INTO order_turns (endpoint_id, order_group, delivery_id, blocked) VALUES (?1, ?2, ?3, 0)
ON CONFLICT (endpoint_id, order_group) DO NOTHING
