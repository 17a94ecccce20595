-- Writes where a job stands, unless it is done. Parameters: id, status, place, looked at, made, error, now. One row.
UPDATE jobs SET status = $2, place = $3, looked_at = $4, made = $5, error = $6, updated_at = $7
WHERE id = $1 AND status = 'running'
