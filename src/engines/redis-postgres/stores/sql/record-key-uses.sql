-- Writes when keys were used last. Parameters, a column each: ids, at. One probe each.
UPDATE api_keys SET last_used_at = used.at
FROM unnest($1::uuid[], $2::bigint[]) AS used (id, at)
WHERE api_keys.id = used.id AND coalesce(api_keys.last_used_at, 0) < used.at
