-- Updates deliveries after an attempt each, and records the attempts. Parameters, one column each: ids, attempt
-- numbers, statuses, due at (null when final), started at, duration, status code, error, excerpt; then now, lowest and
-- highest id; then the column of error details. A final delivery becomes due again if another sending was requested
-- meanwhile. The fence: no effect where the attempt has lost its lease. Returns the changed ones with the attempt
-- number and the next due time (null = final). Costs one lookup in one partition each.
WITH settlement AS MATERIALIZED (
  SELECT * FROM unnest(
    $1::uuid[], $2::integer[], $3::text[], $4::bigint[], $5::bigint[], $6::float8[], $7::integer[], $8::text[], $9::text[],
    $13::text[]
  ) AS settlement (
    id, number, status, due_at, started_at, duration_ms, status_code, error, response_excerpt, error_detail
  )
), held AS MATERIALIZED (
  -- In the order of the ids for everybody, as they come: no deadlocks.
  SELECT settlement.*, settlement.due_at IS NULL AND delivery.further_sends > 0 AS again,
    delivery.endpoint_id, delivery.order_group
  FROM settlement JOIN deliveries AS delivery ON delivery.id = settlement.id
  WHERE delivery.id BETWEEN $11 AND $12 AND delivery.attempts = settlement.number AND delivery.leased_until IS NOT NULL
  FOR UPDATE OF delivery
), settled AS (
  UPDATE deliveries AS delivery
  SET status = CASE WHEN held.again THEN 'pending' ELSE held.status END,
    due_at = CASE WHEN held.again THEN 0 ELSE held.due_at END, leased_until = NULL,
    -- One that we cut off ourselves is not the receiver's failure.
    failures = CASE WHEN held.again THEN 0 WHEN held.error IS NULL OR held.error = 'interrupted' THEN delivery.failures
      ELSE delivery.failures + 1 END,
    further_sends = delivery.further_sends - held.again::integer,
    last_status_code = held.status_code, last_error = held.error, updated_at = $10
  FROM held
  WHERE delivery.id = held.id AND delivery.id BETWEEN $11 AND $12
), recorded AS (
  INSERT INTO attempts (delivery_id, number, started_at, duration_ms, status_code, error, response_excerpt, error_detail)
  SELECT id, number, started_at, duration_ms, status_code, error, response_excerpt, error_detail FROM held
  ON CONFLICT DO NOTHING
)
SELECT id, number, endpoint_id, order_group, CASE WHEN again THEN 0 ELSE due_at END AS due_at FROM held
