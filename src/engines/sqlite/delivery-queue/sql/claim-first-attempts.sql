-- Reads deliveries of a lane that are due immediately (due_at = 0), oldest first. Parameters: endpoint, limit. Costs
-- one range of deliveries_waiting.
SELECT id, organization_id, event_id, attempts, failures, origin
FROM deliveries INDEXED BY deliveries_waiting
WHERE endpoint_id = ?1 AND due_at = 0
ORDER BY id
LIMIT ?2
