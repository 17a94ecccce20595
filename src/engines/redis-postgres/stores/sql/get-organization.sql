-- Reads an organization. Parameters: id.
SELECT * FROM organizations WHERE id = $1 AND deleted_at IS NULL
