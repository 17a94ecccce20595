-- Reads the columns of endpoints in which secrets stand. Parameters: id after which to begin, limit. A range of the primary key.
SELECT id, secret, previous_secret, headers, options FROM endpoints WHERE id > ?1 ORDER BY id LIMIT ?2
