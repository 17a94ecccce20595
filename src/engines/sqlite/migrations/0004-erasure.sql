-- What of an organization's events is to leave before the service's own retention takes it (core/administration/erasure.ts).
ALTER TABLE organizations ADD COLUMN retention_ms INTEGER;
ALTER TABLE organizations ADD COLUMN erased_before INTEGER;
ALTER TABLE organizations ADD COLUMN deleted_at INTEGER;
CREATE INDEX organizations_to_erase ON organizations (id)
  WHERE retention_ms IS NOT NULL OR erased_before IS NOT NULL OR deleted_at IS NOT NULL;

-- Who changed what. key_id and key_name: null = the administrator. fields: JSON.
CREATE TABLE audit_entries (
  id TEXT NOT NULL PRIMARY KEY,
  organization_id TEXT NOT NULL,
  action TEXT NOT NULL,
  target TEXT,
  key_id TEXT,
  key_name TEXT,
  fields TEXT NOT NULL,
  request_id TEXT NOT NULL,
  address TEXT,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX audit_entries_by_organization ON audit_entries (organization_id, id);
