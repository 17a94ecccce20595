-- Removes an endpoint; its deliveries stay. Parameters: organization, id. One row.
DELETE FROM endpoints WHERE id = $2 AND organization_id = $1
