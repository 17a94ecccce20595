-- Moves deliveries on after an attempt each, and records the attempts. Parameters, a column each: ids, attempt numbers,
-- statuses, due at (null when final), started at, duration, status code, error, excerpt; then now. Changes nothing where
-- that very attempt has lost its lease: the fence. Returns what was changed: ids with their numbers. One probe of one partition each.
WITH settlement AS MATERIALIZED (
  SELECT * FROM unnest(
    $1::uuid[], $2::integer[], $3::text[], $4::bigint[], $5::bigint[], $6::float8[], $7::integer[], $8::text[], $9::text[]
  ) AS settlement (id, number, status, due_at, started_at, duration_ms, status_code, error, response_excerpt)
), held AS MATERIALIZED (
  -- In one order for everybody: no deadlocks.
  SELECT delivery.id, delivery.attempts AS number
  FROM settlement JOIN deliveries AS delivery ON delivery.id = settlement.id
  WHERE delivery.attempts = settlement.number AND delivery.leased_until IS NOT NULL
  ORDER BY delivery.id
  FOR UPDATE OF delivery
), settled AS (
  UPDATE deliveries AS delivery
  SET status = settlement.status, due_at = settlement.due_at, leased_until = NULL,
    failures = delivery.failures + CASE WHEN settlement.error IS NULL THEN 0 ELSE 1 END,
    last_status_code = settlement.status_code, last_error = settlement.error, updated_at = $10
  FROM settlement JOIN held ON held.id = settlement.id AND held.number = settlement.number
  WHERE delivery.id = held.id
  RETURNING delivery.id, delivery.attempts AS number
), recorded AS (
  INSERT INTO attempts (delivery_id, number, started_at, duration_ms, status_code, error, response_excerpt)
  SELECT settlement.id, settlement.number, settlement.started_at, settlement.duration_ms, settlement.status_code,
    settlement.error, settlement.response_excerpt
  FROM settlement JOIN settled ON settled.id = settlement.id AND settled.number = settlement.number
  ON CONFLICT DO NOTHING
)
SELECT id, number FROM settled
