-- Reads an organization's keys, newest first. Parameters: organization. At most MAX_KEYS_PER_ORGANIZATION.
SELECT * FROM api_keys /*sqlite INDEXED BY api_keys_by_organization */ WHERE organization_id = $1 ORDER BY id DESC
