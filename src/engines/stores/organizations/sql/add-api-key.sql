-- Writes an API key. Parameters: id, organization, name, prefix, SHA-256, created at, expires at, scopes (JSON). Returns its
-- id; nothing when the id or the hash is there.
INSERT INTO api_keys (id, organization_id, name, prefix, sha256, created_at, expires_at, scopes)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT DO NOTHING
RETURNING id
