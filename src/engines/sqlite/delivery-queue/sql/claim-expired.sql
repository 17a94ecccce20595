-- Reads deliveries of a lane whose lease expired. Parameters: endpoint, now, limit. Costs one range of
-- deliveries_leased.
SELECT id, organization_id, event_id, attempts, failures, origin, updated_at
FROM deliveries INDEXED BY deliveries_leased
WHERE endpoint_id = ?1 AND leased_until <= ?2
ORDER BY leased_until, id
LIMIT ?3
