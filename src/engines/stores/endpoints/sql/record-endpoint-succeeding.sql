-- An attempt at an endpoint succeeded. Parameters: id. One row, where one had failed before.
UPDATE endpoints SET failing_since = NULL WHERE id = $1 AND failing_since IS NOT NULL
