-- Moves a delivery on after an attempt. Parameters: id, attempt number, status, due at (null when final), 1 if the
-- attempt failed (one that was cut off by us did not) else 0, status code, error, now. One that is final is due again where another sending was asked for
-- meanwhile. Changes nothing unless that very attempt still has the lease: the fence. Returns what the queue must know.
-- One row, up to seven index entries.
UPDATE deliveries
SET status = iif(?4 IS NULL AND further_sends > 0, 'pending', ?3),
    due_at = iif(?4 IS NULL AND further_sends > 0, 0, ?4),
    leased_until = NULL,
    failures = iif(?4 IS NULL AND further_sends > 0, 0, failures + ?5),
    further_sends = further_sends - (?4 IS NULL AND further_sends > 0),
    last_status_code = ?6, last_error = ?7, updated_at = ?8
WHERE id = ?1 AND attempts = ?2 AND leased_until IS NOT NULL
RETURNING endpoint_id, order_group, due_at
