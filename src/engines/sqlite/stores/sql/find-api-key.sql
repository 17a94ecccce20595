-- Reads a key by its SHA-256. Parameters: SHA-256. One probe.
SELECT id, organization_id, name, prefix, sha256, created_at, expires_at, scopes, last_used_at
FROM api_keys WHERE sha256 = ?1
