-- Reads a job. Parameters: organization, id. One probe.
SELECT id, organization_id, kind, parameters, status, place, looked_at, made, error, created_at, updated_at
FROM jobs WHERE id = ?2 AND organization_id = ?1
