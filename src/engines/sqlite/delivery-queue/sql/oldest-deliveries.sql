-- Reads an organization's deliveries in a status, oldest first. Parameters: organization, status, after id, before id,
-- limit. One range of deliveries_by_organization.
SELECT id, event_id, event_type, endpoint_id FROM deliveries INDEXED BY deliveries_by_organization
WHERE organization_id = ?1 AND status = ?2 AND id > ?3 AND id < ?4
ORDER BY id LIMIT ?5
