-- Reads a page of an organization's jobs, newest first. Parameters: organization, from id, before id, limit.
SELECT * FROM jobs WHERE organization_id = $1 AND id >= $2 AND id < $3 ORDER BY id DESC LIMIT $4
