-- Imports rows of another engine's endpoints; existing rows are kept. Parameters: a JSON list of rows. Returns how many were new.
WITH copied AS (
  INSERT INTO endpoints (
    id, organization_id, url, description, event_types, headers, max_concurrency, max_attempts, retry_schedule,
    timeout_ms, status, disabled_reason, secret, previous_secret, previous_secret_expires_at, is_default,
    created_at, updated_at, options, failing_since
  )
  SELECT
    id, organization_id, url, description, event_types, headers, max_concurrency, max_attempts, retry_schedule,
    timeout_ms, status, disabled_reason, secret, previous_secret, previous_secret_expires_at, is_default,
    created_at, updated_at, options, failing_since
  FROM json_populate_recordset(NULL::endpoints, $1::json)
  ON CONFLICT DO NOTHING
  RETURNING 1
)
SELECT count(*) AS copied FROM copied
