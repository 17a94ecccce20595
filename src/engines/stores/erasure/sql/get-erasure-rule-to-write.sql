-- Reads what of an organization's events is to leave and keeps others from changing it, to the end of the transaction.
-- Parameters: id. One probe.
SELECT id, retention_ms, erased_before, deleted_at FROM organizations
WHERE id = $1 AND deleted_at IS NULL /*postgres FOR NO KEY UPDATE */
