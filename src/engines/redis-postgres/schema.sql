-- The schema of the distributed engine's record as the migrations leave it, to be read; nothing runs this file. A change of the
-- schema is a migration and the same change here: test/postgres/schema.test.ts compares the two. What each column is for stands in
-- the embedded engine's schema.sql, which has the same names; times are whole milliseconds since the epoch.
--
-- events, deliveries and attempts have a partition a day (UTC), made by partitions.ts. Ids are UUIDv7, which sort by time, so a
-- range of ids is a range of time: the key needs no second column, an id alone finds its partition, and retention drops a day as
-- a whole. Hot tables carry no foreign keys, as in the embedded engine.
--
-- Advisory locks of the service, by their first key: 7464 (organization) who writes events, 7465 (inbox) who leases, 7466
-- (organization) who makes endpoints, 7467 who makes or drops a day, 7469 (organization) who makes inboxes, 7470 (organization) who
-- adds keys; 74630001 who migrates.

CREATE TABLE schema_migrations (version integer PRIMARY KEY, name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());

CREATE TABLE organizations (
  id uuid PRIMARY KEY,
  name text NOT NULL,
  tier text NOT NULL,
  created_at bigint NOT NULL,
  retention_ms bigint,
  erased_before bigint,
  deleted_at bigint
);
CREATE INDEX organizations_to_erase ON organizations (id)
  WHERE retention_ms IS NOT NULL OR erased_before IS NOT NULL OR deleted_at IS NOT NULL;

CREATE TABLE api_keys (
  id uuid PRIMARY KEY,
  organization_id uuid NOT NULL REFERENCES organizations (id),
  name text NOT NULL,
  prefix text NOT NULL,
  sha256 text NOT NULL UNIQUE,
  created_at bigint NOT NULL,
  expires_at bigint,
  scopes text NOT NULL DEFAULT '["publish","consume","manage"]',
  last_used_at bigint
);
CREATE INDEX api_keys_by_organization ON api_keys (organization_id, id);

CREATE TABLE audit_entries (
  id uuid PRIMARY KEY,
  organization_id uuid NOT NULL,
  action text NOT NULL,
  target text,
  key_id uuid,
  key_name text,
  fields text NOT NULL,
  request_id text NOT NULL,
  address text,
  created_at bigint NOT NULL
);
CREATE INDEX audit_entries_by_organization ON audit_entries (organization_id, id);

CREATE TABLE idempotency_keys (
  organization_id uuid NOT NULL,
  key_sha256 text NOT NULL,
  fingerprint text NOT NULL,
  holder text NOT NULL,
  started_at bigint NOT NULL,
  status integer,
  answer text,
  PRIMARY KEY (organization_id, key_sha256)
);
CREATE INDEX idempotency_keys_by_organization ON idempotency_keys (organization_id, started_at);
CREATE INDEX idempotency_keys_by_start ON idempotency_keys (started_at);

CREATE TABLE secret_keys (key_id text PRIMARY KEY, since bigint NOT NULL);

CREATE TABLE events (
  id uuid PRIMARY KEY,
  organization_id uuid NOT NULL,
  type text NOT NULL,
  data text NOT NULL,
  dedup_id text,
  ordering_key text,
  deliver_at bigint,
  created_at bigint NOT NULL,
  traceparent text,
  hops integer NOT NULL
) PARTITION BY RANGE (id);
-- Payloads above 2 KB are compressed: by lz4 in a fraction of the time, where the server was built with it.
DO $$
BEGIN
  EXECUTE 'ALTER TABLE events ALTER COLUMN data SET COMPRESSION lz4';
EXCEPTION WHEN feature_not_supported OR syntax_error THEN NULL;
END
$$;
-- An organization's newest; what an inbox has not seen yet.
CREATE INDEX events_by_organization ON events (organization_id, id);
-- The list of one type, whose cost must not grow with the events of others.
CREATE INDEX events_by_type ON events (organization_id, type, id);
-- Dedup marks that Redis lost are made again from these.
CREATE INDEX events_with_dedup_id ON events (id) WHERE dedup_id IS NOT NULL;

CREATE TABLE endpoints (
  id uuid PRIMARY KEY,
  organization_id uuid NOT NULL REFERENCES organizations (id),
  url text NOT NULL,
  description text NOT NULL,
  event_types text NOT NULL,
  headers text NOT NULL,
  max_concurrency integer NOT NULL,
  max_attempts integer NOT NULL,
  retry_schedule text NOT NULL,
  timeout_ms integer NOT NULL,
  status text NOT NULL,
  disabled_reason text,
  secret text NOT NULL,
  previous_secret text,
  previous_secret_expires_at bigint,
  is_default integer NOT NULL,
  created_at bigint NOT NULL,
  updated_at bigint NOT NULL,
  options text NOT NULL DEFAULT '{}',
  failing_since bigint,
  last_fault text
);
CREATE INDEX endpoints_by_organization ON endpoints (organization_id, id);
CREATE UNIQUE INDEX endpoints_default ON endpoints (organization_id) WHERE is_default = 1;

CREATE TABLE deliveries (
  id uuid PRIMARY KEY,
  organization_id uuid NOT NULL,
  event_id uuid NOT NULL,
  endpoint_id uuid NOT NULL,
  event_type text NOT NULL,
  status text NOT NULL,
  attempts integer NOT NULL,
  failures integer NOT NULL,
  due_at bigint,
  leased_until bigint,
  last_status_code integer,
  last_error text,
  created_at bigint NOT NULL,
  updated_at bigint NOT NULL,
  order_group text,
  further_sends integer NOT NULL DEFAULT 0,
  origin text
) PARTITION BY RANGE (id);
-- What waits or is being sent, and nothing else: the reconciler walks it. By the status, not by due_at and leased_until:
-- a column that an index looks at, and be it in its WHERE, keeps an update from being HOT, and these two change with
-- every lease. The two statuses mean the same: one of the two columns is set.
CREATE INDEX deliveries_unfinished ON deliveries (id) WHERE status IN ('pending', 'retrying');
-- Deliveries of an event; replay; retention. With the id, or the planner takes the range of the primary key for it.
CREATE INDEX deliveries_by_event ON deliveries (event_id, id);
-- Lists. A list over all statuses merges six ranges, so that one index serves both. An endpoint that ends finds what
-- waits for it.
CREATE INDEX deliveries_by_organization ON deliveries (organization_id, status, id);
CREATE INDEX deliveries_by_endpoint ON deliveries (endpoint_id, status, id);
-- Not by due_at or leased_until: these change with every lease, which must stay HOT.
CREATE INDEX deliveries_in_order ON deliveries (endpoint_id, order_group, id)
  WHERE order_group IS NOT NULL AND status IN ('pending', 'retrying');

CREATE TABLE order_turns (
  endpoint_id uuid NOT NULL,
  order_group text COLLATE "C" NOT NULL,
  delivery_id uuid NOT NULL,
  blocked boolean NOT NULL,
  PRIMARY KEY (endpoint_id, order_group)
) WITH (fillfactor = 50);

CREATE TABLE attempts (
  delivery_id uuid NOT NULL,
  number integer NOT NULL,
  started_at bigint NOT NULL,
  duration_ms double precision NOT NULL,
  status_code integer,
  error text,
  response_excerpt text,
  error_detail text,
  PRIMARY KEY (delivery_id, number)
) PARTITION BY RANGE (delivery_id);

CREATE TABLE jobs (
  id uuid PRIMARY KEY,
  organization_id uuid NOT NULL,
  kind text NOT NULL,
  parameters text NOT NULL,
  status text NOT NULL,
  place text,
  looked_at integer NOT NULL,
  made integer NOT NULL,
  error text,
  created_at bigint NOT NULL,
  updated_at bigint NOT NULL
);
CREATE INDEX jobs_by_organization ON jobs (organization_id, id);
CREATE INDEX jobs_unfinished ON jobs (id) WHERE status = 'running';
CREATE INDEX jobs_running ON jobs (organization_id, id) WHERE status = 'running';

-- cursor_event_id: all zeros = no event was touched. The cursor moves with every lease; with room in the page the index is not
-- touched.
CREATE TABLE inboxes (
  id uuid PRIMARY KEY,
  organization_id uuid NOT NULL REFERENCES organizations (id),
  name text NOT NULL,
  event_types text NOT NULL,
  max_leases integer NOT NULL,
  paused integer NOT NULL,
  cursor_event_id uuid NOT NULL,
  created_at bigint NOT NULL,
  UNIQUE (organization_id, name)
) WITH (fillfactor = 50);

-- Every message is written two times or three: dead entries at the head of inbox_messages_due and inbox_messages_by_status are read
-- again by each lease until they are vacuumed away. A pattern's beginning is a range of event types, in the order of their bytes.
CREATE TABLE inbox_messages (
  inbox_id uuid NOT NULL,
  event_id uuid NOT NULL,
  event_type text COLLATE "C" NOT NULL,
  status text NOT NULL,
  lease_count integer NOT NULL,
  lease_id uuid,
  due_at bigint,
  PRIMARY KEY (inbox_id, event_id)
) WITH (autovacuum_vacuum_scale_factor = 0.02);
CREATE INDEX inbox_messages_by_status ON inbox_messages (inbox_id, status, event_id);
CREATE INDEX inbox_messages_due ON inbox_messages (inbox_id, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX inbox_messages_by_lease ON inbox_messages (lease_id) WHERE lease_id IS NOT NULL;
CREATE INDEX inbox_messages_available ON inbox_messages (inbox_id, event_type, event_id) WHERE status = 'available';

CREATE TABLE inbox_notifications (
  inbox_id uuid PRIMARY KEY,
  organization_id uuid NOT NULL,
  inbox_name text NOT NULL,
  url text NOT NULL,
  secret text NOT NULL,
  notify_at bigint
);
CREATE INDEX inbox_notifications_by_organization ON inbox_notifications (organization_id);

-- Functions, and the migration in which the text of each stands as it is now. persist_events and
-- lease_messages stand twice, by other parameters, and add_api_key and create_inbox are called no more: processes of the version
-- before go on calling them while others are started.
--   ack_lease                 0004-inbox-holds.sql
--   ack_messages              0004-inbox-holds.sql
--   add_api_key               0009-keys.sql
--   add_deliveries            0006-redelivery.sql
--   available_messages        0002-inbox-leases.sql
--   cancel_delivery           0006-redelivery.sql
--   claim_turns               0005-delivery-options.sql
--   count_quarantined         0017-inbox-quarantine.sql
--   create_inbox              0008-inboxes.sql
--   drop_day                  0001-initial.sql
--   event_data                0003-inbox-lists.sql
--   extend_messages           0004-inbox-holds.sql
--   inbox_wants               0018-inbox-touched-types.sql
--   lease_messages            0018-inbox-touched-types.sql
--   lease_touched_messages    0017-inbox-quarantine.sql
--   lease_untouched_messages  0002-inbox-leases.sql
--   list_messages             0017-inbox-quarantine.sql
--   list_messages_of_status   0017-inbox-quarantine.sql
--   make_day                  0001-initial.sql
--   pass_turns                0005-delivery-options.sql
--   persist_events            0005-delivery-options.sql
--   quarantined_messages      0017-inbox-quarantine.sql
--   release_messages          0017-inbox-quarantine.sql
--   remove_organization       0010-erasure.sql
--   requeue_messages          0004-inbox-holds.sql
--   retry_deliveries          0006-redelivery.sql
--   waiting_types             0003-inbox-lists.sql
--   wake_messages             0017-inbox-quarantine.sql
