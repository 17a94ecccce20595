-- Reads one organization. Parameters: id. One probe.
SELECT id, name, tier, created_at FROM organizations WHERE id = $1 AND deleted_at IS NULL
