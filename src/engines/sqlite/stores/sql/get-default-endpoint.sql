-- Reads the organization's default endpoint. Parameters: organization. One probe.
SELECT
  id, organization_id, url, description, event_types, headers, max_concurrency, max_attempts, retry_schedule,
  timeout_ms, status, disabled_reason, secret, previous_secret, previous_secret_expires_at, is_default,
  created_at, updated_at, options, failing_since, last_fault
FROM endpoints WHERE organization_id = ?1 AND is_default = 1
