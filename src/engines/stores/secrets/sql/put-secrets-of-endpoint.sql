-- Writes them, encrypted anew. Parameters: id, secret, previous secret, headers, options. One row.
UPDATE endpoints SET secret = $2, previous_secret = $3, headers = $4, options = $5 WHERE id = $1
