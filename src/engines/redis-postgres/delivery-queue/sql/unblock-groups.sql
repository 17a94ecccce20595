-- Takes the block off a bounded number of an endpoint's groups. Parameters: endpoint, limit. Returns group and delivery:
-- their turn is to be passed on.
UPDATE order_turns SET blocked = false
WHERE (endpoint_id, order_group) IN (
  SELECT endpoint_id, order_group FROM order_turns WHERE endpoint_id = $1 AND blocked ORDER BY order_group LIMIT $2
)
RETURNING order_group, delivery_id
