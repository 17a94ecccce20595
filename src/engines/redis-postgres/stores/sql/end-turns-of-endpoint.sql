-- Nobody has a turn at an endpoint whose deliveries have ended. Parameters: endpoint. One range.
DELETE FROM order_turns WHERE endpoint_id = $1 AND NOT EXISTS (
  SELECT FROM deliveries WHERE id = order_turns.delivery_id AND status IN ('pending', 'retrying')
)
