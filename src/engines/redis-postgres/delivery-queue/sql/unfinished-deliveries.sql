-- Reads deliveries that wait or are being sent, by id; `at` is null for those that wait for their turn in an order. Parameters: after which id, limit. One range of
-- deliveries_unfinished.
SELECT id, endpoint_id, coalesce(due_at, leased_until) AS at
FROM deliveries
WHERE id > $1 AND status IN ('pending', 'retrying')
ORDER BY id
LIMIT $2
