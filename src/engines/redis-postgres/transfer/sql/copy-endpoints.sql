-- Imports rows of another engine's endpoints; existing rows are kept. Parameters: a JSON list of rows. Returns how many were new.
WITH copied AS (
  INSERT INTO endpoints SELECT * FROM json_populate_recordset(NULL::endpoints, $1::json)
  ON CONFLICT DO NOTHING
  RETURNING 1
)
SELECT count(*) AS copied FROM copied
