-- Updates a delivery after an attempt. Parameters: id, attempt number, status, due at (null when final), 1 if the
-- attempt failed (an interrupted one did not), else 0, status code, error, now. A final delivery becomes due again if
-- another sending was requested meanwhile. The fence: no effect unless this attempt holds the lease. Returns what the
-- queue needs. Costs one row, up to seven index entries.
UPDATE deliveries
SET status = iif(?4 IS NULL AND further_sends > 0, 'pending', ?3),
    due_at = iif(?4 IS NULL AND further_sends > 0, 0, ?4),
    leased_until = NULL,
    failures = iif(?4 IS NULL AND further_sends > 0, 0, failures + ?5),
    further_sends = further_sends - (?4 IS NULL AND further_sends > 0),
    last_status_code = ?6, last_error = ?7, updated_at = ?8
WHERE id = ?1 AND attempts = ?2 AND leased_until IS NOT NULL
RETURNING endpoint_id, order_group, due_at
