-- Removes an organization's rows of api_keys. Parameters: organization. One range.
DELETE FROM api_keys WHERE organization_id = ?1
