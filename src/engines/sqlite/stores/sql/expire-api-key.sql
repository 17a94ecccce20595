-- Ends a key at a time, unless it ends before. Parameters: organization, id, at. One probe.
UPDATE api_keys SET expires_at = min(coalesce(expires_at, ?3), ?3) WHERE id = ?2 AND organization_id = ?1
