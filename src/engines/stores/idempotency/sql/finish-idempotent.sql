-- Keeps the answer of the try that holds a key. Parameters: organization, key, holder, status, answer. One row.
UPDATE idempotency_keys SET status = $4, answer = $5 WHERE organization_id = $1 AND key_sha256 = $2 AND holder = $3
