-- Reads the attempts of deliveries, without what was answered. Parameters: deliveries (a JSON array). One range each.
SELECT delivery_id, number, started_at, duration_ms, status_code, error, error_detail
FROM json_each(?1) AS wanted CROSS JOIN attempts ON attempts.delivery_id = wanted.value
