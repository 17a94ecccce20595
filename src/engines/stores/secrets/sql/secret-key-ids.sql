-- Lists the keys that secrets may be encrypted with. A few.
SELECT key_id FROM secret_keys ORDER BY key_id
