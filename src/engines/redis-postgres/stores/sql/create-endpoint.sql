-- Writes a new endpoint. Parameters: the columns in order, then how many an organization may have. Returns what became of
-- it: created; full; conflict, when there is another default. For within the lock of lock-endpoints.
WITH room AS (
  SELECT (SELECT count(*) FROM endpoints WHERE organization_id = $2) >= $21 AS is_full,
    $16 = 1 AND EXISTS (SELECT FROM endpoints WHERE organization_id = $2 AND is_default = 1 AND id <> $1) AS is_taken
), added AS (
  INSERT INTO endpoints (
    id, organization_id, url, description, event_types, headers, max_concurrency, max_attempts, retry_schedule,
    timeout_ms, status, disabled_reason, secret, previous_secret, previous_secret_expires_at, is_default,
    created_at, updated_at, options, failing_since
  )
  SELECT $1::uuid, $2::uuid, $3, $4, $5, $6, $7::integer, $8::integer, $9, $10::integer, $11, $12, $13, $14,
    $15::bigint, $16::integer, $17::bigint, $18::bigint, $19, $20::bigint
  FROM room WHERE NOT is_full AND NOT is_taken
  ON CONFLICT (id) DO NOTHING
)
SELECT CASE WHEN is_full THEN 'full' WHEN is_taken THEN 'conflict' ELSE 'created' END AS outcome FROM room
