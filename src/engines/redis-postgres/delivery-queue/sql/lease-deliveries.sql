-- Leases deliveries and numbers their attempts. Parameters: ids, ends of the leases, now, lowest and highest id (for
-- the planner, to find the days' partitions). A delivery is leased when it is due, or when its last lease has expired;
-- then the lost attempt is recorded as interrupted. Rows that another process is changing are skipped. Returns a row
-- per existing delivery: `leased` true with its event, or false with the time at which it may be leased (null = final).
-- Costs one lookup in one partition each.
WITH wanted AS MATERIALIZED (
  SELECT id, until FROM unnest($1::uuid[], $2::bigint[]) AS wanted (id, until)
), claimable AS MATERIALIZED (
  SELECT delivery.id, delivery.attempts, delivery.leased_until, delivery.updated_at, delivery.due_at,
    wanted.until
  FROM wanted JOIN deliveries AS delivery ON delivery.id = wanted.id
  WHERE delivery.id BETWEEN $4 AND $5 AND (delivery.due_at <= $3 OR delivery.leased_until <= $3)
  FOR UPDATE OF delivery SKIP LOCKED
), interrupted AS (
  INSERT INTO attempts (delivery_id, number, started_at, duration_ms, status_code, error, response_excerpt)
  SELECT id, attempts, updated_at, 0, NULL, 'interrupted', NULL FROM claimable WHERE leased_until IS NOT NULL
  ON CONFLICT DO NOTHING
), leased AS (
  UPDATE deliveries AS delivery
  SET attempts = delivery.attempts + 1, due_at = NULL, leased_until = claimable.until, updated_at = $3
  FROM claimable WHERE delivery.id = claimable.id AND delivery.id BETWEEN $4 AND $5
  RETURNING delivery.id, delivery.organization_id, delivery.event_id, delivery.endpoint_id, delivery.attempts,
    delivery.failures, delivery.leased_until, delivery.origin, claimable.due_at
)
SELECT leased.id AS delivery_id, true AS leased, NULL::bigint AS at, leased.organization_id, leased.endpoint_id,
  leased.attempts, leased.failures, leased.leased_until, leased.origin, leased.due_at,
  event.id, event.type, event.data, event.dedup_id, event.ordering_key, event.deliver_at, event.created_at,
  event.traceparent, event.hops
FROM leased CROSS JOIN LATERAL (SELECT * FROM events WHERE events.id = leased.event_id OFFSET 0) AS event
UNION ALL
SELECT delivery.id, false, coalesce(delivery.due_at, delivery.leased_until), NULL, NULL, NULL, NULL, NULL, NULL, NULL,
  NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
FROM wanted JOIN deliveries AS delivery ON delivery.id = wanted.id
WHERE delivery.id BETWEEN $4 AND $5 AND NOT EXISTS (SELECT FROM claimable WHERE claimable.id = wanted.id)
