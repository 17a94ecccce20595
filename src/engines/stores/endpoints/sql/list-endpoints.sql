-- Reads a page of an organization's endpoints, newest first. Parameters: organization, from id, before id, limit. One range.
SELECT * FROM endpoints WHERE organization_id = $1 AND id >= $2 AND id < $3 ORDER BY id DESC LIMIT $4
