-- Removes the oldest keys. Parameters: started before, limit. Returns how many.
WITH old AS (
  SELECT organization_id, key_sha256 FROM idempotency_keys WHERE started_at < $1 ORDER BY started_at LIMIT $2
), removed AS (
  DELETE FROM idempotency_keys USING old
  WHERE idempotency_keys.organization_id = old.organization_id AND idempotency_keys.key_sha256 = old.key_sha256
  RETURNING 1
)
SELECT count(*) AS removed FROM removed
