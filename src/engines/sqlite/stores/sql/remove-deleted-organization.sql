-- Removes an organization that was deleted. Parameters: id. One row.
DELETE FROM organizations WHERE id = ?1 AND deleted_at IS NOT NULL
