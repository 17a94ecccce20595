-- Writes where a job stands, if it is not done. Parameters: id, status, place, looked at, made, error, now. Returns it when it
-- was.
UPDATE jobs SET status = $2, place = $3, looked_at = $4, made = $5, error = $6, updated_at = $7
WHERE id = $1 AND status = 'running'
RETURNING id
