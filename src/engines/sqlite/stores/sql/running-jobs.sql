-- Reads jobs that are not done. Parameters: limit. One range of an index that holds nothing else.
SELECT id, organization_id, kind, parameters, status, place, looked_at, made, error, created_at, updated_at
FROM jobs INDEXED BY jobs_unfinished WHERE status = 'running'
ORDER BY id LIMIT ?1
