-- Reads an endpoint's deliveries in a status, oldest first. Parameters: organization, endpoint, status, after id,
-- before id, limit. Costs one range of deliveries_by_endpoint.
SELECT id, event_id, event_type, endpoint_id FROM deliveries
WHERE (organization_id = $1) IS TRUE AND (endpoint_id, status, id) > ($2, $3, $4)
  AND (endpoint_id, status, id) < ($2, $3, $5) AND id > $4 AND id < $5
ORDER BY endpoint_id, status, id LIMIT $6
