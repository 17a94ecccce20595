-- The embedded engine's 0008 says what it is for.
CREATE TABLE secret_keys (key_id text PRIMARY KEY, since bigint NOT NULL);
