-- Imports rows of another engine's organizations; existing rows are kept. Parameters: a JSON list of rows. Returns how many were new.
WITH copied AS (
  INSERT INTO organizations (
    id, name, tier, created_at, retention_ms, erased_before, deleted_at
  )
  SELECT
    id, name, tier, created_at, retention_ms, erased_before, deleted_at
  FROM json_populate_recordset(NULL::organizations, $1::json)
  ON CONFLICT DO NOTHING
  RETURNING 1
)
SELECT count(*) AS copied FROM copied
