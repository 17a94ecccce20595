-- Removes a deleted organization with all that it had but events; see remove_organization in migration 0010. Parameters: id.
WITH keys AS (DELETE FROM idempotency_keys WHERE organization_id = $1)
SELECT remove_organization($1)
