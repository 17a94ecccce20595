-- Reads all deliveries of an event, oldest first. Parameters: organization, event, from id (no delivery is older than its
-- event). One range of deliveries_by_event, on PostgreSQL in each day since then.
SELECT
  id, organization_id, event_id, endpoint_id, event_type, status, attempts, due_at, leased_until, last_status_code,
  last_error, created_at, updated_at
FROM deliveries /*sqlite INDEXED BY deliveries_by_event */
WHERE event_id = $2 AND organization_id = $1 AND id >= $3
ORDER BY id
