-- Takes rows of another engine's endpoints in, with the columns that the table has; those that are there stay. Parameters: a
-- JSON list of rows. Returns how many were new.
WITH copied AS (
  INSERT INTO endpoints SELECT * FROM json_populate_recordset(NULL::endpoints, $1::json)
  ON CONFLICT DO NOTHING
  RETURNING 1
)
SELECT count(*) AS copied FROM copied
