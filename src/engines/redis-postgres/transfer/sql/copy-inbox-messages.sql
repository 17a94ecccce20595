-- Imports rows of another engine's inbox_messages; existing rows are kept. Parameters: a JSON list of rows. Returns how many were new.
WITH copied AS (
  INSERT INTO inbox_messages (
    inbox_id, event_id, event_type, status, lease_count, lease_id, due_at
  )
  SELECT
    inbox_id, event_id, event_type, status, lease_count, lease_id, due_at
  FROM json_populate_recordset(NULL::inbox_messages, $1::json)
  ON CONFLICT DO NOTHING
  RETURNING 1
)
SELECT count(*) AS copied FROM copied
