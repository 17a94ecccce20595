-- Writes what may change of an organization. Parameters: id, name, tier (null = as it is). Returns it. One row.
UPDATE organizations SET name = coalesce($2, name), tier = coalesce($3, tier) WHERE id = $1 AND deleted_at IS NULL
RETURNING id, name, tier, created_at
