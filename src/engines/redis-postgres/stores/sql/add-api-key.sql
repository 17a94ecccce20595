-- Writes one more key (migrations/0009-keys.sql says how). Parameters: id, organization, name, prefix, SHA-256, scopes (JSON),
-- created at, expires at, how many an organization may have. Returns whether it did.
SELECT add_api_key($1, $2, $3, $4, $5, $6, $7, $8, $9) AS added
