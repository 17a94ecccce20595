-- The record. Names are shared with the distributed engine; ids are text, times whole milliseconds since the epoch.
--
-- Hot tables (events, deliveries, attempts, inbox_messages, dedup_marks) carry no foreign keys (docs/decisions/sqlite.md):
-- a parent is written in the same transaction as its children and removed after them.

CREATE TABLE organizations (
  id TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  tier TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE api_keys (
  id TEXT NOT NULL PRIMARY KEY,
  organization_id TEXT NOT NULL REFERENCES organizations (id),
  name TEXT NOT NULL,
  prefix TEXT NOT NULL,
  sha256 TEXT NOT NULL UNIQUE,
  created_at INTEGER NOT NULL,
  expires_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX api_keys_by_organization ON api_keys (organization_id, id);

-- A rowid table: payloads are appended one after the other, whoever sent them, and the indexes stay small. `seq` is the
-- order of commits, which retention walks.
CREATE TABLE events (
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL,
  organization_id TEXT NOT NULL,
  type TEXT NOT NULL,
  data TEXT NOT NULL,
  dedup_id TEXT,
  ordering_key TEXT,
  deliver_at INTEGER,
  created_at INTEGER NOT NULL,
  traceparent TEXT,
  hops INTEGER NOT NULL
) STRICT;
-- An event by its id, an organization's newest, what an inbox has not seen yet.
CREATE UNIQUE INDEX events_by_organization ON events (organization_id, id);
-- The list of one type, whose cost must not grow with the events of others.
CREATE INDEX events_by_type ON events (organization_id, type, id);

CREATE TABLE dedup_marks (
  organization_id TEXT NOT NULL,
  dedup_id TEXT NOT NULL,
  event_id TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  PRIMARY KEY (organization_id, dedup_id)
) STRICT, WITHOUT ROWID;
-- Retention: which marks ran out.
CREATE INDEX dedup_marks_by_expiry ON dedup_marks (expires_at);

CREATE TABLE endpoints (
  id TEXT NOT NULL PRIMARY KEY,
  organization_id TEXT NOT NULL REFERENCES organizations (id),
  url TEXT NOT NULL,
  description TEXT NOT NULL,
  event_types TEXT NOT NULL,
  headers TEXT NOT NULL,
  max_concurrency INTEGER NOT NULL,
  max_attempts INTEGER NOT NULL,
  retry_schedule TEXT NOT NULL,
  timeout_ms INTEGER NOT NULL,
  status TEXT NOT NULL,
  disabled_reason TEXT,
  secret TEXT NOT NULL,
  previous_secret TEXT,
  previous_secret_expires_at INTEGER,
  is_default INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX endpoints_by_organization ON endpoints (organization_id, id);
CREATE UNIQUE INDEX endpoints_default ON endpoints (organization_id) WHERE is_default = 1;

-- One event for one endpoint. WITHOUT ROWID: rows are small, and every index ends in the id for nothing.
-- due_at: not null while it waits for a taker; 0 = at once, whatever the clock does.
-- leased_until: not null while a taker has it. Both are null when the status is final.
CREATE TABLE deliveries (
  id TEXT NOT NULL PRIMARY KEY,
  organization_id TEXT NOT NULL,
  event_id TEXT NOT NULL,
  endpoint_id TEXT NOT NULL,
  event_type TEXT NOT NULL,
  status TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  failures INTEGER NOT NULL,
  due_at INTEGER,
  leased_until INTEGER,
  last_status_code INTEGER,
  last_error TEXT,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
-- `take`, lane by lane; holds the backlog only.
CREATE INDEX deliveries_waiting ON deliveries (endpoint_id, due_at) WHERE due_at IS NOT NULL;
-- Leases that ran out or outlived their process; holds what is being sent only.
CREATE INDEX deliveries_leased ON deliveries (endpoint_id, leased_until) WHERE leased_until IS NOT NULL;
-- Where is my event; replay; retention.
CREATE INDEX deliveries_by_event ON deliveries (event_id);
-- Lists. A list over all statuses merges six ranges, so that one index serves both.
CREATE INDEX deliveries_by_organization ON deliveries (organization_id, status);
CREATE INDEX deliveries_by_endpoint ON deliveries (endpoint_id, status);

CREATE TABLE attempts (
  delivery_id TEXT NOT NULL,
  number INTEGER NOT NULL,
  started_at INTEGER NOT NULL,
  duration_ms REAL NOT NULL,
  status_code INTEGER,
  error TEXT,
  response_excerpt TEXT,
  PRIMARY KEY (delivery_id, number)
) STRICT, WITHOUT ROWID;

-- cursor_event_id: events after it were never touched in this inbox, unless a row of inbox_messages says otherwise.
CREATE TABLE inboxes (
  id TEXT NOT NULL PRIMARY KEY,
  organization_id TEXT NOT NULL REFERENCES organizations (id),
  name TEXT NOT NULL,
  event_types TEXT NOT NULL,
  max_leases INTEGER NOT NULL,
  paused INTEGER NOT NULL,
  cursor_event_id TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  UNIQUE (organization_id, name)
) STRICT, WITHOUT ROWID;

-- Only what was touched. status: available, delayed (released, available from due_at on), leased (until due_at), acked,
-- quarantined.
CREATE TABLE inbox_messages (
  inbox_id TEXT NOT NULL,
  event_id TEXT NOT NULL,
  event_type TEXT NOT NULL,
  status TEXT NOT NULL,
  lease_count INTEGER NOT NULL,
  lease_id TEXT,
  due_at INTEGER,
  PRIMARY KEY (inbox_id, event_id)
) STRICT, WITHOUT ROWID;
-- The next to lease, oldest event first; lists of one status.
CREATE INDEX inbox_messages_by_status ON inbox_messages (inbox_id, status);
-- Leases and delays that ran out.
CREATE INDEX inbox_messages_due ON inbox_messages (inbox_id, due_at) WHERE due_at IS NOT NULL;
-- A lease as a whole.
CREATE INDEX inbox_messages_by_lease ON inbox_messages (lease_id) WHERE lease_id IS NOT NULL;
-- Leases narrowed to some event types, among what earlier ones passed over.
CREATE INDEX inbox_messages_available ON inbox_messages (inbox_id, event_type) WHERE status = 'available';
