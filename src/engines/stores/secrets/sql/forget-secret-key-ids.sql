-- Forgets the keys that nothing is encrypted with any more. Parameters: id of the one that stays.
DELETE FROM secret_keys WHERE key_id <> $1
