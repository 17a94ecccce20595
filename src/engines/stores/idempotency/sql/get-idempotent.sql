-- Reads a key. Parameters: organization, key. One row.
SELECT fingerprint, status, answer FROM idempotency_keys WHERE organization_id = $1 AND key_sha256 = $2
