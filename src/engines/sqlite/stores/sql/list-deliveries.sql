-- Reads a page of an organization's deliveries of one status, newest first. Parameters: organization, status, from id,
-- before id, type (null = any), limit. One range of deliveries_by_organization; a rare type makes it longer.
SELECT
  id, organization_id, event_id, endpoint_id, event_type, status, attempts, due_at, leased_until, last_status_code,
  last_error, created_at, updated_at
FROM deliveries INDEXED BY deliveries_by_organization
WHERE organization_id = ?1 AND status = ?2 AND id >= ?3 AND id < ?4 AND (?5 IS NULL OR event_type = ?5)
ORDER BY id DESC LIMIT ?6
