-- Imports rows of another engine's inboxes; existing rows are kept. Parameters: a JSON list of rows. Returns how many were new.
WITH copied AS (
  INSERT INTO inboxes (
    id, organization_id, name, event_types, max_leases, paused, cursor_event_id, created_at
  )
  SELECT
    id, organization_id, name, event_types, max_leases, paused, cursor_event_id, created_at
  FROM json_populate_recordset(NULL::inboxes, $1::json)
  ON CONFLICT DO NOTHING
  RETURNING 1
)
SELECT count(*) AS copied FROM copied
