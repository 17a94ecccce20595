-- Writes what of an organization's events is to leave. Parameters: id, retention, erased before, deleted at. One row.
UPDATE organizations SET retention_ms = $2, erased_before = $3, deleted_at = $4 WHERE id = $1
