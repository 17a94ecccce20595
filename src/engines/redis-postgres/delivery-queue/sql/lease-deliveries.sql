-- Gives deliveries to a taker and numbers their attempts. Parameters: ids, ends of the leases, now, lowest and highest id
-- (so that the planner knows the days). A delivery is had
-- when it is due, or when its last lease ran out: then the attempt that vanished is recorded as interrupted. What somebody
-- else is changing now is passed over. Returns a row for each one that is there: `taken`, with its event, or not, with the
-- time at which it may be (null = final). One probe of one partition each.
WITH wanted AS MATERIALIZED (
  SELECT id, until FROM unnest($1::uuid[], $2::bigint[]) AS wanted (id, until)
), had AS MATERIALIZED (
  SELECT delivery.id, delivery.attempts, delivery.leased_until, delivery.updated_at, delivery.due_at,
    wanted.until
  FROM wanted JOIN deliveries AS delivery ON delivery.id = wanted.id
  WHERE delivery.id BETWEEN $4 AND $5 AND (delivery.due_at <= $3 OR delivery.leased_until <= $3)
  FOR UPDATE OF delivery SKIP LOCKED
), interrupted AS (
  INSERT INTO attempts (delivery_id, number, started_at, duration_ms, status_code, error, response_excerpt)
  SELECT id, attempts, updated_at, 0, NULL, 'interrupted', NULL FROM had WHERE leased_until IS NOT NULL
  ON CONFLICT DO NOTHING
), taken AS (
  UPDATE deliveries AS delivery
  SET attempts = delivery.attempts + 1, due_at = NULL, leased_until = had.until, updated_at = $3
  FROM had WHERE delivery.id = had.id AND delivery.id BETWEEN $4 AND $5
  RETURNING delivery.id, delivery.organization_id, delivery.event_id, delivery.endpoint_id, delivery.attempts,
    delivery.failures, delivery.leased_until, delivery.origin, had.due_at
)
SELECT taken.id AS delivery_id, true AS taken, NULL::bigint AS at, taken.organization_id, taken.endpoint_id,
  taken.attempts, taken.failures, taken.leased_until, taken.origin, taken.due_at,
  event.id, event.type, event.data, event.dedup_id, event.ordering_key, event.deliver_at, event.created_at,
  event.traceparent, event.hops
FROM taken CROSS JOIN LATERAL (SELECT * FROM events WHERE events.id = taken.event_id OFFSET 0) AS event
UNION ALL
SELECT delivery.id, false, coalesce(delivery.due_at, delivery.leased_until), NULL, NULL, NULL, NULL, NULL, NULL, NULL,
  NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
FROM wanted JOIN deliveries AS delivery ON delivery.id = wanted.id
WHERE delivery.id BETWEEN $4 AND $5 AND NOT EXISTS (SELECT FROM had WHERE had.id = wanted.id)
