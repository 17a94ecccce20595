-- Removes the oldest keys. Parameters: started before, limit. One range.
DELETE FROM idempotency_keys WHERE (organization_id, key_sha256) IN (
  SELECT organization_id, key_sha256 FROM idempotency_keys /*sqlite INDEXED BY idempotency_keys_by_start */
  WHERE started_at < $1 ORDER BY started_at LIMIT $2
)
