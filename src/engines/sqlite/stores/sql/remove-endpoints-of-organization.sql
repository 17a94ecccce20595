-- Removes an organization's rows of endpoints. Parameters: organization. One range.
DELETE FROM endpoints WHERE organization_id = ?1
