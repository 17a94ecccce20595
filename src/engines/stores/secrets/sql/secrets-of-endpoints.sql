-- Reads the columns of endpoints in which secrets stand, and keeps others from changing these rows. Parameters: id after which to
-- begin, limit. A range of the primary key.
SELECT id, secret, previous_secret, headers, options FROM endpoints WHERE id > $1 ORDER BY id LIMIT $2 /*postgres FOR UPDATE */
