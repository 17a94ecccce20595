-- Makes a delivery the head of its ordering group, unless the group has a head. Parameters: endpoint, group, delivery.
-- Costs one index lookup.
INSERT INTO order_turns (endpoint_id, order_group, delivery_id, blocked) VALUES (?1, ?2, ?3, 0)
ON CONFLICT (endpoint_id, order_group) DO NOTHING
