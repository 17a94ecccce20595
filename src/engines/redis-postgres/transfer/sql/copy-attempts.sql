-- Imports rows of another engine's attempts; existing rows are kept. Parameters: a JSON list of rows. Returns how many were new.
WITH copied AS (
  INSERT INTO attempts (
    delivery_id, number, started_at, duration_ms, status_code, error, response_excerpt, error_detail
  )
  SELECT
    delivery_id, number, started_at, duration_ms, status_code, error, response_excerpt, error_detail
  FROM json_populate_recordset(NULL::attempts, $1::json)
  ON CONFLICT DO NOTHING
  RETURNING 1
)
SELECT count(*) AS copied FROM copied
