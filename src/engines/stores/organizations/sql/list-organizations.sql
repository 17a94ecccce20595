-- Reads a page of organizations, newest first. Parameters: from id, before id, limit.
SELECT id, name, tier, created_at FROM organizations WHERE id >= $1 AND id < $2 AND deleted_at IS NULL ORDER BY id DESC LIMIT $3
