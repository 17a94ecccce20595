-- Imports rows of another engine's deliveries; existing rows are kept. Parameters: a JSON list of rows. Returns how many were new.
WITH copied AS (
  INSERT INTO deliveries (
    id, organization_id, event_id, endpoint_id, event_type, status, attempts, failures, due_at, leased_until,
    last_status_code, last_error, created_at, updated_at, order_group, further_sends, origin
  )
  SELECT
    id, organization_id, event_id, endpoint_id, event_type, status, attempts, failures, due_at, leased_until,
    last_status_code, last_error, created_at, updated_at, order_group, further_sends, origin
  FROM json_populate_recordset(NULL::deliveries, $1::json)
  ON CONFLICT DO NOTHING
  RETURNING 1
)
SELECT count(*) AS copied FROM copied
