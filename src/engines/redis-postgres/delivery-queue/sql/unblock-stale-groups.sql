-- Unblocks ordering groups whose blocking delivery no longer exists. Parameters, one column each: endpoints, groups,
-- deliveries. Costs one lookup each.
UPDATE order_turns AS turn SET blocked = false
FROM unnest($1::uuid[], $2::text[], $3::uuid[]) AS lost (endpoint_id, order_group, delivery_id)
WHERE turn.endpoint_id = lost.endpoint_id AND turn.order_group = lost.order_group
  AND turn.delivery_id = lost.delivery_id AND turn.blocked
  AND NOT EXISTS (SELECT FROM deliveries WHERE id = lost.delivery_id)
