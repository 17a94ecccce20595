-- Frees the key that a try holds. Parameters: organization, key, holder. One row.
DELETE FROM idempotency_keys WHERE organization_id = $1 AND key_sha256 = $2 AND holder = $3
