-- Reads endpoints by id. Parameters: ids. One probe each.
SELECT endpoints.* FROM /*sqlite json_each($1) AS wanted CROSS JOIN endpoints ON endpoints.id = wanted.value */
/*postgres endpoints WHERE id = ANY ($1::uuid[]) */
