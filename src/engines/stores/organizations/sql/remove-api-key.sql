-- Removes a key. Parameters: organization, id. One probe.
DELETE FROM api_keys WHERE id = $2 AND organization_id = $1
