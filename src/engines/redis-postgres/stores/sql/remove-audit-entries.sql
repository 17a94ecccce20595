-- Removes the oldest entries. Parameters: before id, limit. Returns how many.
WITH removed AS (
  DELETE FROM audit_entries WHERE id IN (SELECT id FROM audit_entries WHERE id < $1 ORDER BY id LIMIT $2) RETURNING 1
)
SELECT count(*) AS removed FROM removed
