-- Reads an organization's keys, newest first. Parameters: organization. At most MAX_KEYS_PER_ORGANIZATION.
SELECT id, organization_id, name, prefix, sha256, created_at, expires_at, scopes, last_used_at
FROM api_keys INDEXED BY api_keys_by_organization WHERE organization_id = ?1
ORDER BY id DESC
