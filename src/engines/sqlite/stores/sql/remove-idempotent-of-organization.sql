-- Removes an organization's rows of idempotency_keys. Parameters: organization. One range.
DELETE FROM idempotency_keys WHERE organization_id = ?1
