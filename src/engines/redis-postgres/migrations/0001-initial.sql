-- The record. Names are shared with the embedded engine (engines/sqlite/migrations); times are whole milliseconds since
-- the epoch.
--
-- events, deliveries and attempts have a partition a day (UTC), made by partitions.ts. Ids are UUIDv7, which sort by
-- time, so a range of ids is a range of time: the key needs no second column, an id alone finds its partition, and
-- retention drops a day as a whole. Hot tables carry no foreign keys, as in the embedded engine.
--
-- Advisory locks of the service, by their first key: 7464 (organization) who writes events, 7465 (inbox) who leases,
-- 7466 (organization) who makes endpoints, 7467 who makes or drops a day; 74630001 who migrates.

CREATE TABLE organizations (
  id uuid PRIMARY KEY,
  name text NOT NULL,
  tier text NOT NULL,
  created_at bigint NOT NULL
);

CREATE TABLE api_keys (
  id uuid PRIMARY KEY,
  organization_id uuid NOT NULL REFERENCES organizations (id),
  name text NOT NULL,
  prefix text NOT NULL,
  sha256 text NOT NULL UNIQUE,
  created_at bigint NOT NULL,
  expires_at bigint
);
CREATE INDEX api_keys_by_organization ON api_keys (organization_id, id);

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
  updated_at bigint NOT NULL
);
CREATE INDEX endpoints_by_organization ON endpoints (organization_id, id);
CREATE UNIQUE INDEX endpoints_default ON endpoints (organization_id) WHERE is_default = 1;

-- One event for one endpoint.
-- due_at: not null while it waits for a taker; 0 = at once, whatever the clock does.
-- leased_until: not null while a taker has it. Both are null when the status is final.
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
  updated_at bigint NOT NULL
) PARTITION BY RANGE (id);
-- What waits or is being sent, and nothing else: the reconciler walks it. By the status, not by due_at and leased_until:
-- a column that an index looks at, and be it in its WHERE, keeps an update from being HOT, and these two change with
-- every lease. The two statuses mean the same: one of the two columns is set.
CREATE INDEX deliveries_unfinished ON deliveries (id) WHERE status IN ('pending', 'retrying');
-- Where is my event; replay; retention. With the id, or the planner takes the range of the primary key for it.
CREATE INDEX deliveries_by_event ON deliveries (event_id, id);
-- Lists. A list over all statuses merges six ranges, so that one index serves both. An endpoint that ends finds what
-- waits for it.
CREATE INDEX deliveries_by_organization ON deliveries (organization_id, status, id);
CREATE INDEX deliveries_by_endpoint ON deliveries (endpoint_id, status, id);

CREATE TABLE attempts (
  delivery_id uuid NOT NULL,
  number integer NOT NULL,
  started_at bigint NOT NULL,
  duration_ms double precision NOT NULL,
  status_code integer,
  error text,
  response_excerpt text,
  PRIMARY KEY (delivery_id, number)
) PARTITION BY RANGE (delivery_id);

-- cursor_event_id: events after it were never touched in this inbox, unless a row of inbox_messages says otherwise. All
-- zeros = none was.
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
);

-- Only what was touched. status: available, delayed (released, available from due_at on), leased (until due_at), acked,
-- quarantined.
CREATE TABLE inbox_messages (
  inbox_id uuid NOT NULL,
  event_id uuid NOT NULL,
  event_type text NOT NULL,
  status text NOT NULL,
  lease_count integer NOT NULL,
  lease_id uuid,
  due_at bigint,
  PRIMARY KEY (inbox_id, event_id)
);
CREATE INDEX inbox_messages_by_status ON inbox_messages (inbox_id, status, event_id);
CREATE INDEX inbox_messages_due ON inbox_messages (inbox_id, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX inbox_messages_by_lease ON inbox_messages (lease_id) WHERE lease_id IS NOT NULL;
CREATE INDEX inbox_messages_available ON inbox_messages (inbox_id, event_type, event_id) WHERE status = 'available';

-- Whether an inbox with these patterns (JSON) wants events of this type: core/events/event-type.ts in SQL. A dot is put before
-- each segment, so that `**` may stand for none of them.
CREATE FUNCTION inbox_wants(event_types text, type text) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
  SELECT event_types = '[]' OR EXISTS (
    SELECT FROM jsonb_array_elements_text(event_types::jsonb) AS pattern
    WHERE '.' || type ~ ('^' || (
      SELECT string_agg(
        CASE segment WHEN '**' THEN '(\.[^.]*)*' WHEN '*' THEN '\.[^.]*' ELSE '\.' || segment END, '' ORDER BY place)
      FROM regexp_split_to_table(pattern, '\.') WITH ORDINALITY AS segments (segment, place)
    ) || '$')
  )
$$;

-- Writes events with their deliveries, each event once, in one round trip. An advisory lock (7464, organization), shared
-- by all who write and taken by who moves an inbox's cursor, makes sure that an event is either seen by the walk of an
-- inbox, or sees how far that walk has come and becomes a row of the inbox. VOLATILE: each statement sees what was
-- committed before it began, so also what the lock waited for.
-- No delivery of these events has an id below `since`. Returns every unfinished delivery of all the events, those that
-- were on record already included.
CREATE FUNCTION persist_events(
  event_ids uuid[], organization_ids uuid[], types text[], datas text[], dedup_ids text[], ordering_keys text[],
  deliver_ats bigint[], created_ats bigint[], traceparents text[], hopss integer[],
  delivery_ids uuid[], delivery_events integer[], endpoint_ids uuid[], statuses text[], since uuid
) RETURNS TABLE (delivery_id uuid, endpoint_id uuid, at bigint)
LANGUAGE plpgsql VOLATILE
SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
DECLARE
  fresh uuid[];
  known uuid[];
  all_fresh boolean;
BEGIN
  PERFORM pg_advisory_xact_lock_shared(7464, locked.key)
  FROM (SELECT DISTINCT hashtext(id::text) AS key FROM unnest(organization_ids) AS id ORDER BY 1) AS locked;

  WITH added AS (
    INSERT INTO events
      (id, organization_id, type, data, dedup_id, ordering_key, deliver_at, created_at, traceparent, hops)
    SELECT * FROM unnest(event_ids, organization_ids, types, datas, dedup_ids, ordering_keys, deliver_ats, created_ats,
      traceparents, hopss)
    ON CONFLICT (id) DO NOTHING
    RETURNING id
  )
  SELECT coalesce(array_agg(id), '{}') INTO fresh FROM added;
  all_fresh := cardinality(fresh) = cardinality(event_ids);

  INSERT INTO inbox_messages (inbox_id, event_id, event_type, status, lease_count, lease_id, due_at)
  SELECT inboxes.id, event.id, event.type, 'available', 0, NULL, NULL
  FROM unnest(event_ids, organization_ids, types) AS event (id, organization_id, type)
  JOIN inboxes ON inboxes.organization_id = event.organization_id AND inboxes.cursor_event_id >= event.id
  WHERE (all_fresh OR event.id = ANY (fresh)) AND inbox_wants(inboxes.event_types, event.type)
  ON CONFLICT DO NOTHING;

  RETURN QUERY
  WITH added AS (
    INSERT INTO deliveries
      (id, organization_id, event_id, endpoint_id, event_type, status, attempts, failures, due_at, created_at, updated_at)
    SELECT delivery.id, organization_ids[delivery.event], event_ids[delivery.event], delivery.endpoint_id,
      types[delivery.event], delivery.status, 0, 0,
      CASE WHEN delivery.status = 'pending' THEN coalesce(deliver_ats[delivery.event], 0) END,
      created_ats[delivery.event], created_ats[delivery.event]
    FROM unnest(delivery_ids, delivery_events, endpoint_ids, statuses) AS delivery (id, event, endpoint_id, status)
    WHERE all_fresh OR event_ids[delivery.event] = ANY (fresh)
    RETURNING id, endpoint_id, due_at
  )
  SELECT id, endpoint_id, due_at FROM added WHERE due_at IS NOT NULL;

  IF NOT all_fresh THEN
    SELECT array_agg(id) INTO known FROM unnest(event_ids) AS id WHERE id <> ALL (fresh);
    RETURN QUERY
    SELECT waiting.id, waiting.endpoint_id, waiting.at
    FROM unnest(known) AS event (id) CROSS JOIN LATERAL (
      SELECT id, endpoint_id, coalesce(due_at, leased_until) AS at FROM deliveries
      WHERE event_id = event.id AND id >= since AND status IN ('pending', 'retrying')
      OFFSET 0 -- An event at a time.
    ) AS waiting;
  END IF;
END
$$;

-- Makes the partitions of a day (`20261124`), those that are not there. ATTACH and not CREATE … PARTITION OF: it lets
-- everybody read and write the other days meanwhile. Pages of deliveries are left half empty: then every lease is HOT
-- (no index is written), and table and indexes together are smaller than with full pages (41 against 46 MB for 40,000).
CREATE FUNCTION make_day(day text, from_id uuid, before_id uuid) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  parent text;
BEGIN
  PERFORM pg_advisory_xact_lock(7467, 0);
  FOREACH parent IN ARRAY ARRAY['events', 'deliveries', 'attempts'] LOOP
    CONTINUE WHEN to_regclass(parent || '_' || day) IS NOT NULL;
    EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL) WITH (fillfactor = %s)',
      parent || '_' || day, parent, CASE parent WHEN 'deliveries' THEN 50 ELSE 100 END);
    EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
      parent, parent || '_' || day, from_id, before_id);
  END LOOP;
END
$$;

-- Drops a day with all that is in it, unless a delivery waits that is of the day or belongs to an event of the day.
-- Returns whether it is gone. Nobody can write events of the day from before the look until after the drop. For the drop
-- itself it needs the tables for a moment: whoever is in the way goes first, and it fails then (lock_not_available).
-- Costs a look at what is unfinished.
CREATE FUNCTION drop_day(day text, from_id uuid, before_id uuid) RETURNS boolean
LANGUAGE plpgsql VOLATILE
SET lock_timeout = '200ms'
AS $$
DECLARE
  parent text;
BEGIN
  PERFORM pg_advisory_xact_lock(7467, 0);
  IF to_regclass('events_' || day) IS NOT NULL THEN
    EXECUTE format('LOCK TABLE %I IN SHARE MODE', 'events_' || day);
  END IF;
  IF EXISTS (
    SELECT FROM deliveries WHERE status IN ('pending', 'retrying') AND id >= from_id AND id < before_id
  ) OR EXISTS (
    SELECT FROM deliveries WHERE status IN ('pending', 'retrying') AND event_id >= from_id AND event_id < before_id
  ) THEN
    RETURN false;
  END IF;
  -- In the order in which everybody takes them.
  FOREACH parent IN ARRAY ARRAY['events', 'deliveries', 'attempts'] LOOP
    EXECUTE format('DROP TABLE IF EXISTS %I', parent || '_' || day);
  END LOOP;
  RETURN true;
END
$$;
