-- Ends deliveries that wait or are in an attempt; its settling comes too late then. Parameters: ids, status, now. Returns
-- the ids of those that were not done yet. One probe of one partition each.
UPDATE deliveries SET status = $2, due_at = NULL, leased_until = NULL, updated_at = $3
WHERE id = ANY ($1::uuid[]) AND status IN ('pending', 'retrying')
RETURNING id
