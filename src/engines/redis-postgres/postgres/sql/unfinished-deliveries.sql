-- Reads deliveries that wait or are being sent, by id. Parameters: after which id, limit. One range of
-- deliveries_unfinished.
SELECT id, endpoint_id, coalesce(due_at, leased_until) AS at
FROM deliveries
WHERE id > $1 AND (due_at IS NOT NULL OR leased_until IS NOT NULL)
ORDER BY id
LIMIT $2
