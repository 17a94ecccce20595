-- Reads a page of an endpoint's deliveries of one status, newest first. Parameters: organization, endpoint, status,
-- from id, before id, type (null = any), limit. One range of deliveries_by_endpoint; a rare type makes it longer.
SELECT
  id, organization_id, event_id, endpoint_id, event_type, status, attempts, due_at, leased_until, last_status_code,
  last_error, created_at, updated_at
FROM deliveries INDEXED BY deliveries_by_endpoint
WHERE organization_id = ?1 AND endpoint_id = ?2 AND status = ?3 AND id >= ?4 AND id < ?5
  AND (?6 IS NULL OR event_type = ?6)
ORDER BY id DESC LIMIT ?7
