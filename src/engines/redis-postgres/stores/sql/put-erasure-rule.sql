-- Writes what of an organization's events is to leave. Parameters: id; then of retention, erased before and deleted at
-- each: whether to change it, and to what. Returns it.
UPDATE organizations SET
  retention_ms = CASE WHEN $2::boolean THEN $3::bigint ELSE retention_ms END,
  erased_before = CASE WHEN $4::boolean THEN $5::bigint ELSE erased_before END,
  deleted_at = CASE WHEN $6::boolean THEN $7::bigint ELSE deleted_at END
WHERE id = $1 AND deleted_at IS NULL
RETURNING id
