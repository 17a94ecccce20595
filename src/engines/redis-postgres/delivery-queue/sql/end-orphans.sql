-- Cancels deliveries whose event no longer exists. Parameters: ids, now, lowest and highest id. Returns the canceled
-- ones. Costs one lookup in deliveries each, and one in events for those that wait.
UPDATE deliveries AS delivery
SET status = 'canceled', due_at = NULL, leased_until = NULL, further_sends = 0, updated_at = $2
WHERE delivery.id = ANY ($1::uuid[]) AND delivery.id BETWEEN $3 AND $4 AND delivery.status IN ('pending', 'retrying')
  AND NOT EXISTS (SELECT FROM events WHERE events.id = delivery.event_id)
RETURNING delivery.id, delivery.endpoint_id, delivery.order_group
