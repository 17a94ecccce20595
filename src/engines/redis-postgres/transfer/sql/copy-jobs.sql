-- Imports rows of another engine's jobs; existing rows are kept. Parameters: a JSON list of rows. Returns how many were new.
WITH copied AS (
  INSERT INTO jobs (
    id, organization_id, kind, parameters, status, place, looked_at, made, error, created_at, updated_at
  )
  SELECT
    id, organization_id, kind, parameters, status, place, looked_at, made, error, created_at, updated_at
  FROM json_populate_recordset(NULL::jobs, $1::json)
  ON CONFLICT DO NOTHING
  RETURNING 1
)
SELECT count(*) AS copied FROM copied
