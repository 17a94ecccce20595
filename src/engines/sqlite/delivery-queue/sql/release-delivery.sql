-- Releases a claimed delivery. Parameters: id, attempt number, due at, now. Returns the endpoint; no row when that
-- attempt has lost its lease.
UPDATE deliveries
SET attempts = attempts - 1, due_at = ?3, leased_until = NULL, updated_at = ?4
WHERE id = ?1 AND attempts = ?2 AND leased_until IS NOT NULL
RETURNING endpoint_id
