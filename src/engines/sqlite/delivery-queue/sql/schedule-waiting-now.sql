-- Makes a delivery due now that waits for its scheduled time. Parameters: organization, id. Returns the endpoint. Costs
-- one row, one index entry.
UPDATE deliveries SET due_at = 0 WHERE id = ?2 AND organization_id = ?1 AND due_at > 0 RETURNING endpoint_id
