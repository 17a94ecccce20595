-- Makes deliveries due now that wait for their scheduled time. Parameters: organization, ids, lowest and highest id.
-- Returns those that it changed. Costs one lookup each.
UPDATE deliveries SET due_at = 0
WHERE id = ANY ($2::uuid[]) AND id BETWEEN $3 AND $4 AND organization_id = $1 AND due_at > 0 AND status IN ('pending', 'retrying')
RETURNING id AS delivery_id, endpoint_id
