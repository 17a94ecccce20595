-- Ends a key at a time, unless it ends before. Parameters: organization, id, at. Returns it when it was there.
UPDATE api_keys SET expires_at = least(coalesce(expires_at, $3::bigint), $3::bigint)
WHERE id = $2 AND organization_id = $1
RETURNING id
