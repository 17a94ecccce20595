-- Removes an endpoint; its deliveries stay. Parameters: id, organization.
DELETE FROM endpoints WHERE id = ?1 AND organization_id = ?2
