-- Reads a job. Parameters: organization, id. One probe.
SELECT * FROM jobs WHERE id = $2 AND organization_id = $1
