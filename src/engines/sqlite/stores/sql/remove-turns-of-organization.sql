-- Removes the turns of an organization's endpoints. Parameters: organization. A range an endpoint.
DELETE FROM order_turns WHERE endpoint_id IN (SELECT id FROM endpoints WHERE organization_id = ?1)
