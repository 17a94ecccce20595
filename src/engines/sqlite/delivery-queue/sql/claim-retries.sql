-- Reads deliveries of a lane that are due by the clock (retries, events with a time), the longest due first. Parameters:
-- endpoint, now, limit. One range of deliveries_waiting.
SELECT id, organization_id, event_id, attempts, failures, origin, due_at
FROM deliveries INDEXED BY deliveries_waiting
WHERE endpoint_id = ?1 AND due_at > 0 AND due_at <= ?2
ORDER BY due_at, id
LIMIT ?3
