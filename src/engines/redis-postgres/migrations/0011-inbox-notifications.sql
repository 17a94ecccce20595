-- The embedded engine's 0005 says what each column is for.
CREATE TABLE inbox_notifications (
  inbox_id uuid PRIMARY KEY,
  organization_id uuid NOT NULL,
  inbox_name text NOT NULL,
  url text NOT NULL,
  secret text NOT NULL,
  notify_at bigint
);
CREATE INDEX inbox_notifications_by_organization ON inbox_notifications (organization_id);
