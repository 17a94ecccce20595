-- An attempt at an endpoint failed. Parameters: id, now. Returns since when all of them have. One row.
UPDATE endpoints SET failing_since = coalesce(failing_since, $2) WHERE id = $1
RETURNING failing_since
