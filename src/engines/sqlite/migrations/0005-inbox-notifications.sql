-- Who is to be told when an empty inbox has something again. notify_at: 0 = armed; null = told; a time = somebody tells it,
-- and has until then.
CREATE TABLE inbox_notifications (
  inbox_id TEXT NOT NULL PRIMARY KEY,
  organization_id TEXT NOT NULL,
  inbox_name TEXT NOT NULL,
  url TEXT NOT NULL,
  secret TEXT NOT NULL,
  notify_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX inbox_notifications_by_organization ON inbox_notifications (organization_id);
