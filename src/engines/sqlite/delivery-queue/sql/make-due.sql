-- Makes a delivery due that waited for its turn. Parameters: id. One row, an index entry.
UPDATE deliveries SET due_at = 0 WHERE id = ?1 AND due_at IS NULL AND leased_until IS NULL
