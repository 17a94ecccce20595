-- Reads all endpoints of an organization, oldest first. Parameters: organization. At most MAX_ENDPOINTS_PER_ORGANIZATION.
SELECT * FROM endpoints WHERE organization_id = $1 ORDER BY id
