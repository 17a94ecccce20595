-- Writes an API key. Parameters: id, organization, name, prefix, SHA-256, created at, expires at, scopes (JSON).
INSERT INTO api_keys (id, organization_id, name, prefix, sha256, created_at, expires_at, scopes)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
