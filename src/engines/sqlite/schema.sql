-- The schema of the embedded engine as the migrations leave it, to be read; nothing runs this file. A change of the schema is a
-- migration and the same change here: test/sqlite/schema.test.ts compares the two.
--
-- Names are shared with the distributed engine; ids are text, times whole milliseconds since the epoch. Hot tables (events,
-- deliveries, attempts, inbox_messages, dedup_marks) carry no foreign keys (docs/decisions/sqlite.md): a parent is written in
-- the same transaction as its children and removed after them.

CREATE TABLE schema_migrations (version INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at INTEGER NOT NULL) STRICT;

-- retention_ms, erased_before, deleted_at: what of its events is to leave before the service's own retention takes it
-- (core/administration/erasure.ts).
CREATE TABLE organizations (
  id TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  tier TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  retention_ms INTEGER,
  erased_before INTEGER,
  deleted_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX organizations_to_erase ON organizations (id)
  WHERE retention_ms IS NOT NULL OR erased_before IS NOT NULL OR deleted_at IS NOT NULL;

-- scopes: JSON. last_used_at: to a minute or so.
CREATE TABLE api_keys (
  id TEXT NOT NULL PRIMARY KEY,
  organization_id TEXT NOT NULL REFERENCES organizations (id),
  name TEXT NOT NULL,
  prefix TEXT NOT NULL,
  sha256 TEXT NOT NULL UNIQUE,
  created_at INTEGER NOT NULL,
  expires_at INTEGER,
  scopes TEXT NOT NULL DEFAULT '["publish","consume","manage"]',
  last_used_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX api_keys_by_organization ON api_keys (organization_id, id);

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

-- First answers of requests with an Idempotency-Key (ports/store/idempotency-store.ts). organization_id: all zeros for the
-- administrator. status and answer: null = it runs, or its process died. holder: the try that has it.
CREATE TABLE idempotency_keys (
  organization_id TEXT NOT NULL,
  key_sha256 TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  holder TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  status INTEGER,
  answer TEXT,
  PRIMARY KEY (organization_id, key_sha256)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_keys_by_organization ON idempotency_keys (organization_id, started_at);
CREATE INDEX idempotency_keys_by_start ON idempotency_keys (started_at);

-- Ids of the keys that secrets in the record may be encrypted with (core/administration/secret-box.ts): a start without one of
-- them is refused. The keys themselves are never here.
CREATE TABLE secret_keys (key_id TEXT PRIMARY KEY, since INTEGER NOT NULL) STRICT, WITHOUT ROWID;

-- A rowid table: payloads are appended one after the other, whoever sent them, and the indexes stay small. `seq` is the order
-- of commits, which retention walks.
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
-- Retention: which marks have expired.
CREATE INDEX dedup_marks_by_expiry ON dedup_marks (expires_at);

-- event_types, headers, retry_schedule: JSON. options: JSON of DeliveryOptions (core/delivery/endpoint.ts). failing_since: since
-- when all of its attempts have failed. last_fault: JSON {"at", "message"} of the last unexpected error of the service that was
-- kept to this endpoint; null = none since it was last changed.
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
  updated_at INTEGER NOT NULL,
  options TEXT NOT NULL DEFAULT '{}',
  failing_since INTEGER,
  last_fault TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX endpoints_by_organization ON endpoints (organization_id, id);
CREATE UNIQUE INDEX endpoints_default ON endpoints (organization_id) WHERE is_default = 1;

-- One event for one endpoint. WITHOUT ROWID: rows are small, and every index ends in the id for nothing.
-- due_at: not null while it waits for an attempt; 0 = at once, whatever the clock does.
-- leased_until: not null while an attempt runs. Both are null when the status is final.
-- order_group: deliveries of one group are sent one after the other; null = side by side. Of a group one has the turn
-- (order_turns); those behind it are `pending` with neither due_at nor leased_until. further_sends: asked for by hand while one
-- was waiting already. origin: why there is a delivery besides fan-out (`replay`); null = fan-out.
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
  updated_at INTEGER NOT NULL,
  order_group TEXT,
  further_sends INTEGER NOT NULL DEFAULT 0,
  origin TEXT
) STRICT, WITHOUT ROWID;
-- Claims, lane by lane; holds the backlog only.
CREATE INDEX deliveries_waiting ON deliveries (endpoint_id, due_at) WHERE due_at IS NOT NULL;
-- Leases that ended or outlived their process; holds what is being sent only.
CREATE INDEX deliveries_leased ON deliveries (endpoint_id, leased_until) WHERE leased_until IS NOT NULL;
-- Deliveries of an event; replay; retention.
CREATE INDEX deliveries_by_event ON deliveries (event_id);
-- Lists. A list over all statuses merges six ranges, so that one index serves both.
CREATE INDEX deliveries_by_organization ON deliveries (organization_id, status);
CREATE INDEX deliveries_by_endpoint ON deliveries (endpoint_id, status);
-- The next of a group; holds the backlog of ordered endpoints only.
CREATE INDEX deliveries_in_order ON deliveries (endpoint_id, order_group)
  WHERE order_group IS NOT NULL AND status IN ('pending', 'retrying');

-- Which delivery of a group has the turn. blocked: it failed, and its endpoint asks that nothing overtakes it.
CREATE TABLE order_turns (
  endpoint_id TEXT NOT NULL,
  order_group TEXT NOT NULL,
  delivery_id TEXT NOT NULL,
  blocked INTEGER NOT NULL,
  PRIMARY KEY (endpoint_id, order_group)
) STRICT, WITHOUT ROWID;

-- error_detail: what exactly was wrong, in words.
CREATE TABLE attempts (
  delivery_id TEXT NOT NULL,
  number INTEGER NOT NULL,
  started_at INTEGER NOT NULL,
  duration_ms REAL NOT NULL,
  status_code INTEGER,
  error TEXT,
  response_excerpt TEXT,
  error_detail TEXT,
  PRIMARY KEY (delivery_id, number)
) STRICT, WITHOUT ROWID;

-- Work that goes on in the background, in bounded steps. parameters: JSON of its kind. place: where the next step begins.
CREATE TABLE jobs (
  id TEXT NOT NULL PRIMARY KEY,
  organization_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  parameters TEXT NOT NULL,
  status TEXT NOT NULL,
  place TEXT,
  looked_at INTEGER NOT NULL,
  made INTEGER NOT NULL,
  error TEXT,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX jobs_by_organization ON jobs (organization_id, id);
CREATE INDEX jobs_running ON jobs (organization_id, id) WHERE status = 'running';

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
-- Leases and delays that have ended.
CREATE INDEX inbox_messages_due ON inbox_messages (inbox_id, due_at) WHERE due_at IS NOT NULL;
-- A lease as a whole.
CREATE INDEX inbox_messages_by_lease ON inbox_messages (lease_id) WHERE lease_id IS NOT NULL;
-- Leases narrowed to some event types, among what earlier ones passed over.
CREATE INDEX inbox_messages_available ON inbox_messages (inbox_id, event_type) WHERE status = 'available';

-- Who is to be told when an empty inbox has something again. notify_at: 0 = armed; null = told; a time = a claim to tell it,
-- which lasts until then.
CREATE TABLE inbox_notifications (
  inbox_id TEXT NOT NULL PRIMARY KEY,
  organization_id TEXT NOT NULL,
  inbox_name TEXT NOT NULL,
  url TEXT NOT NULL,
  secret TEXT NOT NULL,
  notify_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX inbox_notifications_by_organization ON inbox_notifications (organization_id);
