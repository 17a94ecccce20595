-- Lets a delivery that is done begin anew. Parameters: id, due at (null while it waits for its turn), now. One row, up to
-- five index entries.
UPDATE deliveries SET status = 'pending', due_at = ?2, failures = 0, updated_at = ?3 WHERE id = ?1
