-- Reads one endpoint of an organization. Parameters: organization, id. One probe.
SELECT * FROM endpoints WHERE id = $2 AND organization_id = $1
