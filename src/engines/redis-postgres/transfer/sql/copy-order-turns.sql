-- Imports rows of another engine's order_turns; existing rows are kept. Parameters: a JSON list of rows. Returns how many were new.
WITH copied AS (
  INSERT INTO order_turns (
    endpoint_id, order_group, delivery_id, blocked
  )
  SELECT
    endpoint_id, order_group, delivery_id, blocked
  FROM json_populate_recordset(NULL::order_turns, $1::json)
  ON CONFLICT DO NOTHING
  RETURNING 1
)
SELECT count(*) AS copied FROM copied
