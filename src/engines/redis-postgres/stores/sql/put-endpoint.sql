-- Writes what may change of an endpoint. Parameters: the columns in order.
UPDATE endpoints SET
  url = $3, description = $4, event_types = $5, headers = $6, max_concurrency = $7, max_attempts = $8,
  retry_schedule = $9, timeout_ms = $10, status = $11, disabled_reason = $12, secret = $13, previous_secret = $14,
  previous_secret_expires_at = $15, updated_at = $18, options = $19, failing_since = $20,
  last_fault = NULL
WHERE id = $1 AND organization_id = $2 AND is_default = $16 AND created_at = $17
