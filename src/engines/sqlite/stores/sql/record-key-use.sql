-- Writes when a key was used last. Parameters: id, at. One probe.
UPDATE api_keys SET last_used_at = ?2 WHERE id = ?1 AND coalesce(last_used_at, 0) < ?2
