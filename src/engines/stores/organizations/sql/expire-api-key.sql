-- Ends a key at a time, unless it ends before. Parameters: organization, id, at. One probe.
UPDATE api_keys SET expires_at = CASE WHEN expires_at < $3 THEN expires_at ELSE $3 END
WHERE id = $2 AND organization_id = $1
