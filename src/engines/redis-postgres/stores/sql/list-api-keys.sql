-- Reads an organization's keys, newest first. Parameters: organization.
SELECT * FROM api_keys WHERE organization_id = $1 ORDER BY id DESC
