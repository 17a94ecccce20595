-- Reads all deliveries of an event, oldest first. Parameters: organization, event. One range of deliveries_by_event.
SELECT
  id, organization_id, event_id, endpoint_id, event_type, status, attempts, due_at, leased_until, last_status_code,
  last_error, created_at, updated_at
FROM deliveries INDEXED BY deliveries_by_event
WHERE event_id = ?2 AND organization_id = ?1
ORDER BY id
