-- Writes one, encrypted anew. Parameters: inbox, secret. One row.
UPDATE inbox_notifications SET secret = $2 WHERE inbox_id = $1
