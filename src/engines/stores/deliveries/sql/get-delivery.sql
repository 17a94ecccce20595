-- Reads one delivery of an organization. Parameters: organization, id. One probe.
SELECT
  id, organization_id, event_id, endpoint_id, event_type, status, attempts, due_at, leased_until, last_status_code,
  last_error, created_at, updated_at
FROM deliveries WHERE id = $2 AND organization_id = $1
