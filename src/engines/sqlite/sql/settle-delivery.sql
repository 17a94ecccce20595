-- Moves a delivery on after an attempt. Parameters: id, attempt number, status, due at (null when final), 1 if the
-- attempt failed else 0, status code, error, now. Changes nothing unless that very attempt still has the lease: the
-- fence. One row, up to six index entries.
UPDATE deliveries
SET status = ?3, due_at = ?4, leased_until = NULL, failures = failures + ?5,
    last_status_code = ?6, last_error = ?7, updated_at = ?8
WHERE id = ?1 AND attempts = ?2 AND leased_until IS NOT NULL
