-- Reads deliveries of a lane whose scheduled time has come (retries, scheduled events), longest due first. Parameters:
-- endpoint, now, limit. Costs one range of deliveries_waiting.
SELECT id, organization_id, event_id, attempts, failures, origin, due_at
FROM deliveries INDEXED BY deliveries_waiting
WHERE endpoint_id = ?1 AND due_at > 0 AND due_at <= ?2
ORDER BY due_at, id
LIMIT ?3
