-- Makes a delivery due now that waits for a retry. Parameters: id. Costs one row, one index entry.
UPDATE deliveries SET due_at = 0 WHERE id = ?1 AND due_at IS NOT NULL
