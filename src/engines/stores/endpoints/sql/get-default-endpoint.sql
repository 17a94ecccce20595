-- Reads an organization's default endpoint. Parameters: organization. One probe.
SELECT * FROM endpoints WHERE organization_id = $1 AND is_default = 1
