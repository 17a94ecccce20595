-- Imports rows of another engine's events; existing rows are kept. Parameters: a JSON list of rows. Returns how many were new.
WITH copied AS (
  INSERT INTO events (
    id, organization_id, type, data, dedup_id, ordering_key, deliver_at, created_at, traceparent, hops
  )
  SELECT
    id, organization_id, type, data, dedup_id, ordering_key, deliver_at, created_at, traceparent, hops
  FROM json_populate_recordset(NULL::events, $1::json)
  ON CONFLICT DO NOTHING
  RETURNING 1
)
SELECT count(*) AS copied FROM copied
