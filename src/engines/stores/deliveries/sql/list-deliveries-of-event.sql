-- Reads a page of an event's deliveries, newest first. Parameters: organization, event, from id, before id, and null for
-- any: status, endpoint, type; limit. One range of deliveries_by_event, on PostgreSQL in each day since the event.
SELECT
  id, organization_id, event_id, endpoint_id, event_type, status, attempts, due_at, leased_until, last_status_code,
  last_error, created_at, updated_at
FROM deliveries /*sqlite INDEXED BY deliveries_by_event */
WHERE event_id = $2 AND organization_id = $1 AND id >= $3 AND id < $4
  AND ($5/*postgres ::text */ IS NULL OR status = $5)
  AND ($6/*postgres ::uuid */ IS NULL OR endpoint_id = $6)
  AND ($7/*postgres ::text */ IS NULL OR event_type = $7)
ORDER BY id DESC LIMIT $8
