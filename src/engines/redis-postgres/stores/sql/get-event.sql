-- Reads an event of an organization. Parameters: organization, id.
SELECT * FROM events WHERE organization_id = $1 AND id = $2
