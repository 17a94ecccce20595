-- Reads the attempts of deliveries, without what was answered. Parameters: deliveries, the lowest of them, the highest. One
-- range each, in the days between the two.
SELECT delivery_id, number, started_at, duration_ms, status_code, error, error_detail
FROM /*sqlite json_each($1) AS wanted CROSS JOIN attempts ON attempts.delivery_id = wanted.value */
/*postgres attempts */
WHERE /*postgres delivery_id = ANY ($1::uuid[]) AND */ delivery_id >= $2 AND delivery_id <= $3
