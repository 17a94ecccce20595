-- Imports rows of another engine's audit entries; existing rows are kept. Parameters: a JSON list of rows. Returns how many were new.
WITH copied AS (
  INSERT INTO audit_entries (
    id, organization_id, action, target, key_id, key_name, fields, request_id, address, created_at
  )
  SELECT
    id, organization_id, action, target, key_id, key_name, fields, request_id, address, created_at
  FROM json_populate_recordset(NULL::audit_entries, $1::json)
  ON CONFLICT DO NOTHING
  RETURNING 1
)
SELECT count(*) AS copied FROM copied
