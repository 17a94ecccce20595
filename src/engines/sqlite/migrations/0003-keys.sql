-- scopes: JSON. last_used_at: to a minute or so.
ALTER TABLE api_keys ADD COLUMN scopes TEXT NOT NULL DEFAULT '["publish","consume","manage"]';
ALTER TABLE api_keys ADD COLUMN last_used_at INTEGER;
