-- Reads the attempts of an organization's delivery, in order. Parameters: organization, delivery. One probe, one range.
SELECT number, started_at, duration_ms, status_code, error, error_detail, response_excerpt
FROM attempts
WHERE delivery_id = $2 AND EXISTS (SELECT 1 FROM deliveries WHERE id = $2 AND organization_id = $1)
ORDER BY number
