-- Ids of the keys that secrets in the record may be encrypted with (src/core/administration/secret-box.ts): a start without one of them is
-- refused. The keys themselves are never here.
CREATE TABLE secret_keys (key_id TEXT PRIMARY KEY, since INTEGER NOT NULL) STRICT, WITHOUT ROWID;
