-- Reads the default endpoint of an organization. Parameters: organization.
SELECT * FROM endpoints WHERE organization_id = $1 AND is_default = 1
