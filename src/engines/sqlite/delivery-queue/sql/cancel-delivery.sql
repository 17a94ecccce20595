-- Cancels a delivery in any status. Parameters: id, now. Costs one row, up to five index entries.
UPDATE deliveries
SET status = 'canceled', due_at = NULL, leased_until = NULL, further_sends = 0, updated_at = ?2
WHERE id = ?1
