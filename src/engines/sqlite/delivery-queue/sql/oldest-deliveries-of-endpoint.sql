-- Reads an endpoint's deliveries in a status, oldest first. Parameters: organization, endpoint, status, after id, before id,
-- limit. One range of deliveries_by_endpoint.
SELECT id, event_id, event_type, endpoint_id FROM deliveries INDEXED BY deliveries_by_endpoint
WHERE endpoint_id = ?2 AND status = ?3 AND id > ?4 AND id < ?5 AND organization_id = ?1
ORDER BY id LIMIT ?6
