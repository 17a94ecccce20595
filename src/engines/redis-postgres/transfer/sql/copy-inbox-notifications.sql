-- Imports rows of another engine's inbox notifications; existing rows are kept. Parameters: a JSON list of rows.
-- Returns how many were new.
WITH copied AS (
  INSERT INTO inbox_notifications (
    inbox_id, organization_id, inbox_name, url, secret, notify_at
  )
  SELECT
    inbox_id, organization_id, inbox_name, url, secret, notify_at
  FROM json_populate_recordset(NULL::inbox_notifications, $1::json)
  ON CONFLICT DO NOTHING
  RETURNING 1
)
SELECT count(*) AS copied FROM copied
