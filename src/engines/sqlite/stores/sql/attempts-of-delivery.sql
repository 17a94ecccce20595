-- Reads the attempts of a delivery in order. Parameters: delivery. One range.
SELECT number, started_at, duration_ms, status_code, error, error_detail, response_excerpt
FROM attempts WHERE delivery_id = ?1 ORDER BY number
