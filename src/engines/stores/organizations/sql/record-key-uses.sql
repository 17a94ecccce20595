-- Writes when keys were used last; older news change nothing. Parameters: a JSON list of {id, at}. One probe each.
UPDATE api_keys SET last_used_at = used.at
FROM /*sqlite (SELECT value ->> 'id' AS id, value ->> 'at' AS at FROM json_each($1)) AS used */
  /*postgres json_to_recordset($1::json) AS used (id uuid, at bigint) */
WHERE api_keys.id = used.id AND coalesce(api_keys.last_used_at, 0) < used.at
