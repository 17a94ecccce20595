-- Removes all ordering groups of an endpoint, whose deliveries have ended. Parameters: endpoint. Costs one range.
DELETE FROM order_turns WHERE endpoint_id = ?1
