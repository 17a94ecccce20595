-- Reads an organization's deliveries in a status, oldest first. Parameters: organization, status, after id, before id,
-- limit. Costs one range of deliveries_by_organization.
SELECT id, event_id, event_type, endpoint_id FROM deliveries
WHERE (organization_id, status, id) > ($1, $2, $3) AND (organization_id, status, id) < ($1, $2, $4)
  AND id > $3 AND id < $4
ORDER BY organization_id, status, id LIMIT $5
