-- Leasing from an inbox: one call, one transaction, short locks. Functions, because a lock must be held before the
-- statement that reads begins, or that statement sees what was there before the lock: in a VOLATILE function each
-- statement has a snapshot of its own (READ COMMITTED, which `lease_messages` insists on).
--
-- Two advisory locks, always taken in this order, both until the commit:
--   (7465, inbox)         one leaser at a time in an inbox; whoever comes later waits and then sees what is left.
--   (7464, organization)  exclusive while a cursor moves; shared by those who write events of the organization. So an
--                         event is either visible to the walk, or its writer sees the cursor that has gone past it and
--                         gives the event a row in the inbox.
-- Message rows are waited for in the order of their event ids only, here and in inbox/sql: no deadlocks.
--
-- Each step is a short range or a probe of a known index, and must stay one whatever the statistics of the moment say: a
-- plan that is right for an empty inbox goes through a million acked messages later. The planner settings below and two
-- ways of writing stand for SQLite's INDEXED BY (what is off still happens where nothing else would do, at a cost that
-- would make JIT compile it for half a second):
--   a range in the order of its index is bounded by row comparisons and ordered by all the columns that bound it, so that
--   no other index has that order (an equality would make the column disappear from the order);
--   a probe is a LATERAL subquery with LIMIT 1, once for each id: = ANY (ids) may become a filter on a longer range;
--   rows are updated by INSERT … ON CONFLICT, which goes by the key; UPDATE … FROM may as well go through the inbox and
--   look for each row among the new ones.

-- A pattern's beginning is a range of event types, in the order of their bytes.
ALTER TABLE inbox_messages ALTER COLUMN event_type TYPE text COLLATE "C";
-- Every message is written two times or three: dead entries at the head of inbox_messages_due and
-- inbox_messages_by_status are read again by each lease until they are vacuumed away.
ALTER TABLE inbox_messages SET (autovacuum_vacuum_scale_factor = 0.02);
-- The cursor moves with every lease; with room in the page the index is not touched.
ALTER TABLE inboxes SET (fillfactor = 50);

-- Makes messages whose lease or delay ran out available, or quarantined when they had their leases. One range of
-- inbox_messages_due. Returns how many were woken, at most `max_woken`. Never waits: what is locked is being changed.
CREATE FUNCTION wake_messages(of_inbox uuid, now_ms bigint, max_leases integer, max_woken integer) RETURNS integer
LANGUAGE plpgsql VOLATILE
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off
SET enable_incremental_sort = off SET enable_hashjoin = off
SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan SET jit = off
AS $$
DECLARE
  woken integer;
BEGIN
  INSERT INTO inbox_messages AS message (inbox_id, event_id, event_type, status, lease_count)
  SELECT of_inbox, event_id, event_type, CASE WHEN lease_count >= max_leases THEN 'quarantined' ELSE 'available' END,
    lease_count
  FROM (
    SELECT event_id, event_type, lease_count FROM inbox_messages
    WHERE inbox_id = of_inbox AND due_at <= now_ms
    ORDER BY due_at LIMIT max_woken
    FOR UPDATE SKIP LOCKED
  ) AS due
  ON CONFLICT (inbox_id, event_id) DO UPDATE SET status = excluded.status, lease_id = NULL, due_at = NULL;
  GET DIAGNOSTICS woken = ROW_COUNT;
  RETURN woken;
END
$$;

-- Reads the oldest available messages that have a row. `of_types` null = of any type: one range of
-- inbox_messages_by_status. Else a range of inbox_messages_available for each type, about twice as much as is wanted
-- and no more, however many types there are: a few of each type tell up to which event the wanted ones reach. Begins at
-- the organization's oldest event: retention takes events first, what inboxes know about them later.
CREATE FUNCTION available_messages(of_inbox uuid, of_organization uuid, of_types text[], max_messages integer)
RETURNS uuid[]
LANGUAGE plpgsql VOLATILE
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off
SET enable_incremental_sort = off SET enable_hashjoin = off
SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan SET jit = off
AS $$
DECLARE
  oldest_event uuid;
  few integer;
  last_wanted uuid;
BEGIN
  SELECT id INTO oldest_event FROM events
  WHERE organization_id >= of_organization AND organization_id <= of_organization
  ORDER BY organization_id, id LIMIT 1;
  IF oldest_event IS NULL THEN RETURN '{}'; END IF;
  IF of_types IS NULL THEN
    RETURN ARRAY(
      SELECT event_id FROM inbox_messages
      WHERE inbox_id = of_inbox AND (status, event_id) >= ('available', oldest_event) AND status <= 'available'
      ORDER BY status, event_id LIMIT max_messages
    );
  END IF;
  few := max_messages / greatest(1, cardinality(of_types)) + 1;
  SELECT page.event_id INTO last_wanted
  FROM unnest(of_types) AS one (type) CROSS JOIN LATERAL (
    SELECT event_id FROM inbox_messages
    WHERE inbox_id = of_inbox AND status = 'available'
      AND (event_type, event_id) >= (one.type, oldest_event) AND event_type <= one.type
    ORDER BY event_type, event_id LIMIT few
  ) AS page
  ORDER BY page.event_id OFFSET max_messages - 1 LIMIT 1;
  RETURN ARRAY(
    SELECT page.event_id
    FROM unnest(of_types) AS one (type) CROSS JOIN LATERAL (
      SELECT event_id FROM inbox_messages
      WHERE inbox_id = of_inbox AND status = 'available'
        AND (event_type, event_id) >= (one.type, oldest_event)
        AND (event_type, event_id) <= (one.type, coalesce(last_wanted, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
      ORDER BY event_type, event_id LIMIT max_messages
    ) AS page
    ORDER BY page.event_id LIMIT max_messages
  );
END
$$;

-- Gives messages that have a row to a lease, those that are still available; quarantines instead what had its leases
-- (the inbox's maximum was lowered since). A probe an id. Returns the leased ones. Never waits.
CREATE FUNCTION lease_touched_messages(
  of_inbox uuid, ids uuid[], for_lease uuid, until_ms bigint, max_leases integer,
  OUT leased_ids uuid[], OUT leased_counts integer[]
)
LANGUAGE plpgsql VOLATILE
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off
SET enable_incremental_sort = off SET enable_hashjoin = off
SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan SET jit = off
AS $$
BEGIN
  WITH changed AS (
    INSERT INTO inbox_messages AS message (inbox_id, event_id, event_type, status, lease_count, lease_id, due_at)
    SELECT of_inbox, held.event_id, held.event_type,
      CASE WHEN spent THEN 'quarantined' ELSE 'leased' END,
      CASE WHEN spent THEN held.lease_count ELSE held.lease_count + 1 END,
      CASE WHEN NOT spent THEN for_lease END,
      CASE WHEN NOT spent THEN until_ms END
    FROM unnest(ids) AS one (id) CROSS JOIN LATERAL (
      SELECT event_id, event_type, lease_count, lease_count >= max_leases AS spent FROM inbox_messages
      WHERE inbox_id = of_inbox AND event_id = one.id AND status = 'available'
      LIMIT 1 FOR UPDATE SKIP LOCKED
    ) AS held
    ON CONFLICT (inbox_id, event_id) DO UPDATE
    SET status = excluded.status, lease_count = excluded.lease_count, lease_id = excluded.lease_id,
      due_at = excluded.due_at
    RETURNING event_id, status, lease_count
  )
  SELECT coalesce(array_agg(event_id), '{}'), coalesce(array_agg(lease_count), '{}') INTO leased_ids, leased_counts
  FROM changed WHERE status = 'leased';
END
$$;

-- Leases events without a row, going on from the inbox's cursor: up to `max_messages`, having looked at `max_events` at
-- most. What is passed over becomes a row, so that the cursor can move on and nobody looks at it again.
--   wanted    types to lease; null = all, and the two others mean nothing
--   passed    types that the inbox wants and this lease does not
--   unwanted  types that the inbox does not want
-- Stops before an event of any other type: the caller finds out about it and comes again. Expects the lock of the
-- inbox, takes that of the organization if there is anything to look at. Returns the leased ones and whether there may
-- be more. One range of events_by_organization; a probe and five index entries of inbox_messages an event.
CREATE FUNCTION lease_untouched_messages(
  of_inbox uuid, of_organization uuid, for_lease uuid, until_ms bigint, max_messages integer, max_events integer,
  wanted text[], passed text[], unwanted text[],
  OUT leased_ids uuid[], OUT more boolean
)
LANGUAGE plpgsql VOLATILE
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off
SET enable_incremental_sort = off SET enable_hashjoin = off
SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan SET jit = off
AS $$
DECLARE
  start_at uuid;
  last_looked_at uuid;
  chunk integer;
  looked_at integer;
  found uuid[];
BEGIN
  leased_ids := '{}';
  SELECT cursor_event_id INTO start_at FROM inboxes WHERE id = of_inbox;
  -- Not EXISTS, which drops the order and may then go through what others have sent since.
  more := coalesce((
    SELECT true FROM events
    WHERE (organization_id, id) > (of_organization, start_at) AND organization_id <= of_organization AND id > start_at
    ORDER BY organization_id, id LIMIT 1
  ), false);
  IF NOT more THEN RETURN; END IF;
  PERFORM pg_advisory_xact_lock(7464, hashtext(of_organization::text));
  WHILE more AND cardinality(leased_ids) < max_messages AND max_events > 0 LOOP
    chunk := CASE WHEN wanted IS NULL THEN least(max_messages - cardinality(leased_ids), max_events) ELSE max_events END;
    WITH next AS MATERIALIZED (
      SELECT id, type FROM events
      WHERE (organization_id, id) > (of_organization, start_at) AND organization_id <= of_organization
        AND id > start_at
      ORDER BY organization_id, id LIMIT chunk
    ), sorted AS (
      SELECT next.id, next.type,
        CASE
          WHEN touched.yes THEN 'touched'
          WHEN wanted IS NULL OR next.type = ANY (wanted) THEN 'wanted'
          WHEN next.type = ANY (passed) THEN 'passed'
          WHEN next.type = ANY (unwanted) THEN 'unwanted'
          ELSE 'unknown'
        END AS kind
      FROM next LEFT JOIN LATERAL (
        SELECT true AS yes FROM inbox_messages WHERE inbox_id = of_inbox AND event_id = next.id LIMIT 1
      ) AS touched ON true
    ), counted AS MATERIALIZED (
      SELECT id, type, kind,
        count(*) FILTER (WHERE kind = 'wanted') OVER before AS wanted_before,
        count(*) FILTER (WHERE kind = 'unknown') OVER before AS unknown_before
      FROM sorted
      WINDOW before AS (ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
    ), consumed AS MATERIALIZED (
      SELECT id, type, kind FROM counted
      WHERE kind <> 'unknown' AND unknown_before = 0 AND wanted_before < max_messages - cardinality(leased_ids)
    ), written AS (
      INSERT INTO inbox_messages (inbox_id, event_id, event_type, status, lease_count, lease_id, due_at)
      SELECT of_inbox, id, type,
        CASE kind WHEN 'wanted' THEN 'leased' ELSE 'available' END,
        CASE kind WHEN 'wanted' THEN 1 ELSE 0 END,
        CASE kind WHEN 'wanted' THEN for_lease END,
        CASE kind WHEN 'wanted' THEN until_ms END
      FROM consumed WHERE kind IN ('wanted', 'passed') ORDER BY id
      -- Acked without a lease since this statement began.
      ON CONFLICT (inbox_id, event_id) DO NOTHING
      RETURNING event_id, status
    )
    SELECT
      (SELECT count(*) FROM next),
      (SELECT count(*) FROM next) = chunk OR (SELECT count(*) FROM consumed) < (SELECT count(*) FROM next),
      (SELECT id FROM consumed ORDER BY id DESC LIMIT 1),
      ARRAY(SELECT event_id FROM written WHERE status = 'leased')
    INTO looked_at, more, last_looked_at, found;
    EXIT WHEN last_looked_at IS NULL;
    start_at := last_looked_at;
    leased_ids := leased_ids || found;
    max_events := max_events - looked_at;
  END LOOP;
  UPDATE inboxes SET cursor_event_id = start_at WHERE id = of_inbox AND cursor_event_id < start_at;
END
$$;

-- Leases up to `max_messages` available messages, oldest first; what has a row is older than what has none. Returns the
-- events with their lease counts, `data` null for those that come after the first 256 KiB of data (to be read later,
-- without the locks), then one row without an id. In every row `more`: not everything was looked at. A message whose
-- event is gone is leased, so that it is out of the way, and not returned. With nothing to lease it writes nothing, and
-- the commit costs no write to the disk.
CREATE FUNCTION lease_messages(
  of_inbox uuid, of_organization uuid, for_lease uuid, now_ms bigint, until_ms bigint, max_leases integer,
  max_messages integer, wanted text[], passed text[], unwanted text[]
) RETURNS TABLE (
  id uuid, organization_id uuid, type text, data text, dedup_id text, ordering_key text, deliver_at bigint,
  created_at bigint, traceparent text, hops integer, lease_count integer, more boolean
)
LANGUAGE plpgsql VOLATILE
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off
SET enable_incremental_sort = off SET enable_hashjoin = off
SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan SET jit = off
AS $$
#variable_conflict use_column
DECLARE
  max_woken constant integer := 500; -- a few ms
  max_events constant integer := 1000; -- some 10 ms, during which no event of the organization can be written
  max_inline_bytes constant integer := 262144; -- goes out at once, whatever the client does
  woken integer;
  found uuid[];
  leased_ids uuid[] := '{}';
  leased_counts integer[] := '{}';
BEGIN
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION 'lease_messages needs READ COMMITTED, where each statement sees what was committed before it';
  END IF;
  PERFORM pg_advisory_xact_lock(7465, hashtext(of_inbox::text));
  woken := wake_messages(of_inbox, now_ms, max_leases, max_woken);
  found := available_messages(of_inbox, of_organization, wanted, max_messages);
  more := woken = max_woken OR cardinality(found) = max_messages;
  IF cardinality(found) > 0 THEN
    SELECT touched.leased_ids, touched.leased_counts INTO leased_ids, leased_counts
    FROM lease_touched_messages(of_inbox, found, for_lease, until_ms, max_leases) AS touched;
  END IF;
  IF NOT more THEN
    SELECT untouched.leased_ids, untouched.more INTO found, more
    FROM lease_untouched_messages(
      of_inbox, of_organization, for_lease, until_ms, max_messages - cardinality(leased_ids), max_events,
      wanted, passed, unwanted
    ) AS untouched;
    leased_ids := leased_ids || found;
    leased_counts := leased_counts || array_fill(1, ARRAY[cardinality(found)]);
  END IF;
  IF cardinality(leased_ids) > 0 THEN
    RETURN QUERY
    SELECT event.id, event.organization_id, event.type,
      CASE WHEN sum(octet_length(event.data)) OVER (ORDER BY event.id) <= max_inline_bytes THEN event.data END,
      event.dedup_id, event.ordering_key, event.deliver_at, event.created_at, event.traceparent, event.hops,
      leased.lease_count, lease_messages.more
    FROM unnest(leased_ids, leased_counts) AS leased (id, lease_count) CROSS JOIN LATERAL (
      SELECT * FROM events WHERE id = leased.id LIMIT 1
    ) AS event
    WHERE event.organization_id = of_organization
    ORDER BY event.id;
  END IF;
  RETURN NEXT;
END
$$;
