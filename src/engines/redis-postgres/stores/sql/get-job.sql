-- Reads a job. Parameters: organization, id.
SELECT * FROM jobs WHERE id = $2 AND organization_id = $1
