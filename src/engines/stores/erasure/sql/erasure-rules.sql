-- Reads organizations of which something is to leave. Parameters: after which id, limit. One range.
SELECT id, retention_ms, erased_before, deleted_at FROM organizations /*sqlite INDEXED BY organizations_to_erase */
WHERE id > $1 AND (retention_ms IS NOT NULL OR erased_before IS NOT NULL OR deleted_at IS NOT NULL)
ORDER BY id LIMIT $2
