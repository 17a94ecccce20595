-- Reads what of an organization's events is to leave. Parameters: id. One probe.
SELECT id, retention_ms, erased_before, deleted_at FROM organizations WHERE id = $1 AND deleted_at IS NULL
