-- Reads unfinished deliveries in id order; `at` is null for those that wait in their ordering group. Parameters: after
-- id, limit. Costs one range of deliveries_unfinished.
SELECT id, endpoint_id, coalesce(due_at, leased_until) AS at
FROM deliveries
WHERE id > $1 AND status IN ('pending', 'retrying')
ORDER BY id
LIMIT $2
