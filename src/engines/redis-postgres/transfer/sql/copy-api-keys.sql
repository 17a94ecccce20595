-- Imports rows of another engine's api_keys; existing rows are kept. Parameters: a JSON list of rows. Returns how many were new.
WITH copied AS (
  INSERT INTO api_keys (
    id, organization_id, name, prefix, sha256, created_at, expires_at, scopes, last_used_at
  )
  SELECT
    id, organization_id, name, prefix, sha256, created_at, expires_at, scopes, last_used_at
  FROM json_populate_recordset(NULL::api_keys, $1::json)
  ON CONFLICT DO NOTHING
  RETURNING 1
)
SELECT count(*) AS copied FROM copied
