-- Notes that a key encrypts from now on. Parameters: id of the key, now. One row.
INSERT INTO secret_keys (key_id, since) VALUES ($1, $2) ON CONFLICT DO NOTHING
