-- Reads a delivery's state. Parameters: organization, id. Costs one index lookup.
SELECT id, endpoint_id, status, order_group, due_at, leased_until FROM deliveries WHERE id = ?2 AND organization_id = ?1
