-- Makes a delivery due that waited in its ordering group. Parameters: id. Costs one row, one index entry.
UPDATE deliveries SET due_at = 0 WHERE id = ?1 AND due_at IS NULL AND leased_until IS NULL
