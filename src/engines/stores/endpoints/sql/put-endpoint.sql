-- Writes an endpoint, new or changed. Parameters: the columns in order. What never changes (organization, created at, default) stays.
INSERT INTO endpoints (
  id, organization_id, url, description, event_types, headers, max_concurrency, max_attempts, retry_schedule,
  timeout_ms, status, disabled_reason, secret, previous_secret, previous_secret_expires_at, is_default,
  created_at, updated_at, options, failing_since
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)
ON CONFLICT (id) DO UPDATE SET
  url = excluded.url, description = excluded.description, event_types = excluded.event_types,
  headers = excluded.headers, max_concurrency = excluded.max_concurrency, max_attempts = excluded.max_attempts,
  retry_schedule = excluded.retry_schedule, timeout_ms = excluded.timeout_ms, status = excluded.status,
  disabled_reason = excluded.disabled_reason, secret = excluded.secret, previous_secret = excluded.previous_secret,
  previous_secret_expires_at = excluded.previous_secret_expires_at, updated_at = excluded.updated_at,
  options = excluded.options, failing_since = excluded.failing_since, last_fault = NULL
