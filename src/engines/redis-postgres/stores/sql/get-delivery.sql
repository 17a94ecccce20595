-- Reads one delivery of an organization. Parameters: organization, id. One probe.
SELECT * FROM deliveries WHERE id = $2 AND organization_id = $1
