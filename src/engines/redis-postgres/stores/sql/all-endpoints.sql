-- Reads all endpoints of an organization, oldest first. Parameters: organization.
SELECT * FROM endpoints WHERE organization_id = $1 ORDER BY id
