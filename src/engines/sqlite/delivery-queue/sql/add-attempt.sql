-- Writes one attempt. Parameters: delivery, number, started at, duration in ms, status code, error, response excerpt, error
-- detail.
INSERT INTO attempts (delivery_id, number, started_at, duration_ms, status_code, error, response_excerpt, error_detail)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
