-- Unblocks up to a limit of an endpoint's ordering groups. Parameters: endpoint, limit. Returns group and delivery of
-- the groups to advance.
UPDATE order_turns SET blocked = false
WHERE (endpoint_id, order_group) IN (
  SELECT endpoint_id, order_group FROM order_turns WHERE endpoint_id = $1 AND blocked ORDER BY order_group LIMIT $2
)
RETURNING order_group, delivery_id
