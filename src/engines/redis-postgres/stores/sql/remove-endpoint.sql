-- Removes an endpoint. Parameters: organization, id. Returns it when it was there.
DELETE FROM endpoints WHERE id = $2 AND organization_id = $1 RETURNING id
