-- Removes a key. Parameters: organization, id. Returns it when it was there.
DELETE FROM api_keys WHERE id = $2 AND organization_id = $1 RETURNING id
