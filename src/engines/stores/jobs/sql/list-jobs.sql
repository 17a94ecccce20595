-- Reads a page of an organization's jobs, newest first. Parameters: organization, from id, before id, limit. One range.
SELECT * FROM jobs /*sqlite INDEXED BY jobs_by_organization */
WHERE organization_id = $1 AND id >= $2 AND id < $3
ORDER BY id DESC LIMIT $4
