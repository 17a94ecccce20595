-- Makes a final delivery pending again. Parameters: id, due at (null while it waits in its ordering group), now. Costs
-- one row, up to five index entries.
UPDATE deliveries SET status = 'pending', due_at = ?2, failures = 0, updated_at = ?3 WHERE id = ?1
