-- Reads turns of deliveries that are done: somebody died before passing them on; or that are gone, though they held up
-- their order. Parameters: after which endpoint and group, limit. Returns each, and whether it is such a one. One range of
-- the key, and a probe each.
SELECT turn.endpoint_id, turn.order_group, turn.delivery_id, turn.blocked,
  NOT EXISTS (
    SELECT FROM deliveries WHERE id = turn.delivery_id AND (turn.blocked OR status IN ('pending', 'retrying'))
  ) AS is_stale
FROM order_turns AS turn
WHERE (endpoint_id, order_group) > ($1::uuid, $2)
ORDER BY endpoint_id, order_group
LIMIT $3
