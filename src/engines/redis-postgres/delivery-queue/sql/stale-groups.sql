-- Reads ordering groups and whether their head is stale: final without an advance (a process died in between), or
-- removed although it blocked the group. Parameters: after endpoint and group, limit. Costs one range of the key, and a
-- lookup each.
SELECT turn.endpoint_id, turn.order_group, turn.delivery_id, turn.blocked,
  NOT EXISTS (
    SELECT FROM deliveries WHERE id = turn.delivery_id AND (turn.blocked OR status IN ('pending', 'retrying'))
  ) AS is_stale
FROM order_turns AS turn
WHERE (endpoint_id, order_group) > ($1::uuid, $2)
ORDER BY endpoint_id, order_group
LIMIT $3
