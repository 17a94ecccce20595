-- All that was created before has gone. Parameters: id, erased before. One row.
UPDATE organizations SET erased_before = NULL WHERE id = $1 AND erased_before = $2 AND deleted_at IS NULL
