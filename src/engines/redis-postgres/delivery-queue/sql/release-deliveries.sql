-- Releases claimed deliveries. Parameters, one column each: ids, attempt numbers, due at; then now, lowest and highest
-- id. No effect on deliveries that have lost their lease. Returns id, attempt number and endpoint of the others. Costs
-- one lookup in one partition each.
UPDATE deliveries AS delivery
SET attempts = delivery.attempts - 1, due_at = returned.due_at, leased_until = NULL, updated_at = $4
FROM unnest($1::uuid[], $2::integer[], $3::bigint[]) AS returned (id, number, due_at)
WHERE delivery.id BETWEEN $5 AND $6 AND delivery.id = returned.id AND delivery.attempts = returned.number
  AND delivery.leased_until IS NOT NULL
RETURNING delivery.id, returned.number, delivery.endpoint_id
