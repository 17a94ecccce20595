-- What becomes quarantined is told, so each call that makes it so returns which events these were; and the holder of a lease is
-- shown in lists. Functions of 0002, 0003 and 0004 with further columns: what they do besides, and why they are written as
-- they are, stands there. A process of the version before goes on with them, for it names the columns it wants.

DROP FUNCTION wake_messages(uuid, bigint, integer, integer);
-- Makes messages whose lease or delay ran out available, or quarantined when they had their leases. One range of
-- inbox_messages_due. Returns how many were woken, at most `max_woken`, and which of them are quarantined now. Never waits:
-- what is locked is being changed.
CREATE FUNCTION wake_messages(
  of_inbox uuid, now_ms bigint, max_leases integer, max_woken integer,
  OUT woken integer, OUT quarantined_ids uuid[], OUT quarantined_types text[]
)
LANGUAGE plpgsql VOLATILE
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off
SET enable_incremental_sort = off SET enable_hashjoin = off
SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan SET jit = off
AS $$
BEGIN
  WITH changed AS (
    INSERT INTO inbox_messages AS message (inbox_id, event_id, event_type, status, lease_count)
    SELECT of_inbox, event_id, event_type, CASE WHEN lease_count >= max_leases THEN 'quarantined' ELSE 'available' END,
      lease_count
    FROM (
      SELECT event_id, event_type, lease_count FROM inbox_messages
      WHERE inbox_id = of_inbox AND due_at <= now_ms
      ORDER BY due_at LIMIT max_woken
      FOR UPDATE SKIP LOCKED
    ) AS due
    ON CONFLICT (inbox_id, event_id) DO UPDATE SET status = excluded.status, lease_id = NULL, due_at = NULL
    RETURNING event_id, event_type, status
  )
  SELECT count(*), coalesce(array_agg(event_id) FILTER (WHERE status = 'quarantined'), '{}'),
    coalesce(array_agg(event_type) FILTER (WHERE status = 'quarantined'), '{}')
  INTO woken, quarantined_ids, quarantined_types
  FROM changed;
END
$$;

DROP FUNCTION lease_touched_messages(uuid, uuid[], uuid, bigint, integer);
-- Gives messages that have a row to a lease, those that are still available; quarantines instead what had its leases
-- (the inbox's maximum was lowered since). A probe an id. Returns the leased ones and the quarantined ones. Never waits.
CREATE FUNCTION lease_touched_messages(
  of_inbox uuid, ids uuid[], for_lease uuid, until_ms bigint, max_leases integer,
  OUT leased_ids uuid[], OUT leased_counts integer[], OUT quarantined_ids uuid[], OUT quarantined_types text[]
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
    RETURNING event_id, event_type, status, lease_count
  )
  SELECT coalesce(array_agg(event_id) FILTER (WHERE status = 'leased'), '{}'),
    coalesce(array_agg(lease_count) FILTER (WHERE status = 'leased'), '{}'),
    coalesce(array_agg(event_id) FILTER (WHERE status = 'quarantined'), '{}'),
    coalesce(array_agg(event_type) FILTER (WHERE status = 'quarantined'), '{}')
  INTO leased_ids, leased_counts, quarantined_ids, quarantined_types
  FROM changed;
END
$$;

DROP FUNCTION lease_messages(uuid, uuid, uuid, bigint, bigint, integer, integer, text[], text[], text[]);
-- Leases available messages, as in 0002. The last row, the one without an id, has what became quarantined.
CREATE FUNCTION lease_messages(
  of_inbox uuid, of_organization uuid, for_lease uuid, now_ms bigint, until_ms bigint, max_leases integer,
  max_messages integer, wanted text[], passed text[], unwanted text[]
) RETURNS TABLE (
  id uuid, organization_id uuid, type text, data text, dedup_id text, ordering_key text, deliver_at bigint,
  created_at bigint, traceparent text, hops integer, lease_count integer, more boolean,
  quarantined_ids uuid[], quarantined_types text[]
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
  spent_ids uuid[];
  spent_types text[];
  found uuid[];
  leased_ids uuid[] := '{}';
  leased_counts integer[] := '{}';
BEGIN
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION 'lease_messages needs READ COMMITTED, where each statement sees what was committed before it';
  END IF;
  PERFORM pg_advisory_xact_lock(7465, hashtext(of_inbox::text));
  SELECT wake.woken, wake.quarantined_ids, wake.quarantined_types INTO woken, spent_ids, spent_types
  FROM wake_messages(of_inbox, now_ms, max_leases, max_woken) AS wake;
  found := available_messages(of_inbox, of_organization, wanted, max_messages);
  more := woken = max_woken OR cardinality(found) = max_messages;
  IF cardinality(found) > 0 THEN
    SELECT touched.leased_ids, touched.leased_counts, spent_ids || touched.quarantined_ids,
      spent_types || touched.quarantined_types
    INTO leased_ids, leased_counts, spent_ids, spent_types
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
      leased.lease_count, lease_messages.more, NULL::uuid[], NULL::text[]
    FROM unnest(leased_ids, leased_counts) AS leased (id, lease_count) CROSS JOIN LATERAL (
      SELECT * FROM events WHERE id = leased.id LIMIT 1
    ) AS event
    WHERE event.organization_id = of_organization
    ORDER BY event.id;
  END IF;
  quarantined_ids := spent_ids;
  quarantined_types := spent_types;
  RETURN NEXT;
END
$$;

DROP FUNCTION release_messages(uuid, uuid, bigint, uuid[], bigint, integer);
-- Ends the hold on messages: available again, at once (`from_ms` null) or later, or quarantined when they had their
-- leases. `ids` null = all that the lease holds. Returns those that were held. One range of inbox_messages_by_lease.
CREATE FUNCTION release_messages(
  of_inbox uuid, of_lease uuid, now_ms bigint, ids uuid[], from_ms bigint, max_leases integer
) RETURNS TABLE (id uuid, type text, quarantined boolean)
LANGUAGE plpgsql VOLATILE
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off
SET enable_incremental_sort = off SET enable_hashjoin = off
SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan SET jit = off
AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  INSERT INTO inbox_messages AS message (inbox_id, event_id, event_type, status, lease_count, due_at)
  SELECT inbox_id, event_id, event_type,
    CASE WHEN lease_count >= max_leases THEN 'quarantined' WHEN from_ms IS NULL THEN 'available' ELSE 'delayed' END,
    lease_count,
    CASE WHEN lease_count < max_leases THEN from_ms END
  FROM (
    SELECT inbox_id, event_id, event_type, lease_count FROM inbox_messages
    WHERE lease_id >= of_lease AND lease_id <= of_lease AND inbox_id = of_inbox AND due_at > now_ms
      AND (ids IS NULL OR event_id = ANY (ids))
    ORDER BY lease_id
  ) AS held
  ORDER BY event_id
  ON CONFLICT (inbox_id, event_id) DO UPDATE SET status = excluded.status, lease_id = NULL, due_at = excluded.due_at
  WHERE message.lease_id = of_lease
  RETURNING event_id, event_type, status = 'quarantined';
END
$$;

DROP FUNCTION list_messages(uuid, uuid, uuid, integer, bigint, integer);
-- An inbox's messages of every status, as in 0003, with the living lease that holds each.
CREATE FUNCTION list_messages(
  of_inbox uuid, of_organization uuid, after_event uuid, max_messages integer, now_ms bigint, max_leases integer
) RETURNS TABLE (
  id uuid, organization_id uuid, type text, data text, dedup_id text, ordering_key text, deliver_at bigint,
  created_at bigint, traceparent text, hops integer, touched boolean, status text, lease_count integer,
  lease_id uuid, leased_until bigint
)
LANGUAGE plpgsql STABLE
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off
SET enable_incremental_sort = off SET enable_hashjoin = off
SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan SET jit = off
AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  SELECT event.id, event.organization_id, event.type, event.data, event.dedup_id, event.ordering_key, event.deliver_at,
    event.created_at, event.traceparent, event.hops,
    message.status IS NOT NULL,
    CASE
      WHEN message.due_at <= now_ms AND message.lease_count >= max_leases THEN 'quarantined'
      WHEN message.due_at <= now_ms OR message.status = 'delayed' THEN 'available'
      ELSE coalesce(message.status, 'available')
    END,
    coalesce(message.lease_count, 0),
    CASE WHEN message.status = 'leased' AND message.due_at > now_ms THEN message.lease_id END,
    CASE WHEN message.status = 'leased' AND message.due_at > now_ms THEN message.due_at END
  FROM events AS event
  LEFT JOIN LATERAL (
    SELECT status, lease_count, lease_id, due_at FROM inbox_messages
    WHERE inbox_id = of_inbox AND event_id = event.id LIMIT 1
  ) AS message ON true
  WHERE (event.organization_id, event.id) > (of_organization, after_event) AND event.organization_id <= of_organization
    AND event.id > after_event
    AND (message.status IS NOT NULL OR event.id > (SELECT cursor_event_id FROM inboxes WHERE id = of_inbox))
  ORDER BY event.organization_id, event.id LIMIT max_messages;
END
$$;

DROP FUNCTION list_messages_of_status(uuid, uuid, uuid, integer, bigint, integer, text);
-- An inbox's messages of one status, as in 0003, with the living lease that holds each.
CREATE FUNCTION list_messages_of_status(
  of_inbox uuid, of_organization uuid, after_event uuid, max_messages integer, now_ms bigint, max_leases integer,
  of_status text
) RETURNS TABLE (
  id uuid, organization_id uuid, type text, data text, dedup_id text, ordering_key text, deliver_at bigint,
  created_at bigint, traceparent text, hops integer, touched boolean, lease_count integer, lease_id uuid,
  leased_until bigint
)
LANGUAGE plpgsql STABLE
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off
SET enable_incremental_sort = off SET enable_hashjoin = off
SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan SET jit = off
AS $$
#variable_conflict use_column
DECLARE
  from_event uuid;
  last_touched uuid;
BEGIN
  SELECT greatest(id, after_event) INTO from_event FROM events
  WHERE organization_id >= of_organization AND organization_id <= of_organization
  ORDER BY organization_id, id LIMIT 1;
  IF from_event IS NULL THEN RETURN; END IF;
  SELECT cursor_event_id INTO last_touched FROM inboxes WHERE id = of_inbox;
  RETURN QUERY
  WITH due AS MATERIALIZED (
    SELECT event_id, lease_count FROM inbox_messages
    WHERE of_status IN ('available', 'quarantined') AND inbox_id = of_inbox AND due_at <= now_ms
    ORDER BY due_at
  ), found AS (
    (
      SELECT event_id, lease_count, true AS touched, lease_id,
        CASE WHEN status = 'leased' THEN due_at END AS leased_until
      FROM inbox_messages
      WHERE inbox_id = of_inbox AND (status, event_id) >= (of_status, from_event) AND status <= of_status
        AND event_id <> after_event AND (due_at > now_ms) IS NOT FALSE
      ORDER BY status, event_id LIMIT max_messages
    )
    UNION ALL
    (
      SELECT event_id, lease_count, true, NULL::uuid, NULL::bigint FROM inbox_messages
      WHERE of_status = 'available' AND inbox_id = of_inbox AND (status, event_id) >= ('delayed', from_event)
        AND status <= 'delayed' AND event_id <> after_event AND due_at > now_ms
      ORDER BY status, event_id LIMIT max_messages
    )
    UNION ALL
    (
      SELECT event_id, lease_count, true, NULL::uuid, NULL::bigint FROM due
      WHERE event_id >= from_event AND event_id <> after_event
        AND CASE WHEN lease_count >= max_leases THEN 'quarantined' ELSE 'available' END = of_status
      ORDER BY event_id LIMIT max_messages
    )
    UNION ALL
    (
      SELECT event.id, 0, false, NULL::uuid, NULL::bigint
      FROM events AS event
      LEFT JOIN LATERAL (
        SELECT true AS touched FROM inbox_messages WHERE inbox_id = of_inbox AND event_id = event.id LIMIT 1
      ) AS message ON true
      WHERE of_status = 'available'
        AND (event.organization_id, event.id) > (of_organization, greatest(after_event, last_touched))
        AND event.organization_id <= of_organization AND event.id > greatest(after_event, last_touched)
        AND message.touched IS NULL
      ORDER BY event.organization_id, event.id LIMIT max_messages
    )
  )
  SELECT event.id, event.organization_id, event.type, event.data, event.dedup_id, event.ordering_key, event.deliver_at,
    event.created_at, event.traceparent, event.hops, oldest.touched, oldest.lease_count,
    oldest.lease_id, oldest.leased_until
  FROM (
    SELECT event_id, lease_count, touched, lease_id, leased_until FROM found ORDER BY event_id LIMIT max_messages
  ) AS oldest
  CROSS JOIN LATERAL (SELECT * FROM events WHERE id = oldest.event_id LIMIT 1) AS event
  WHERE event.organization_id = of_organization
  ORDER BY event.id;
END
$$;

-- How many messages of each inbox are quarantined, no further than `up_to`: also those whose last lease ran out though nobody
-- has looked since, among the first `up_to` that ran out. Begins at the organization's oldest event: retention takes events
-- first, what inboxes know about them later. A range of inbox_messages_by_status and one of inbox_messages_due an inbox.
CREATE FUNCTION count_quarantined(
  of_organization uuid, inboxes_to_count uuid[], their_max_leases integer[], now_ms bigint, up_to integer
) RETURNS TABLE (id uuid, messages integer)
LANGUAGE plpgsql STABLE
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off
SET enable_incremental_sort = off SET enable_hashjoin = off
SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan SET jit = off
AS $$
#variable_conflict use_column
DECLARE
  oldest_event uuid;
BEGIN
  SELECT id INTO oldest_event FROM events
  WHERE organization_id >= of_organization AND organization_id <= of_organization
  ORDER BY organization_id, id LIMIT 1;
  IF oldest_event IS NULL THEN RETURN; END IF;
  RETURN QUERY
  SELECT one.id, least(up_to, aside.messages + due.messages)::integer
  FROM unnest(inboxes_to_count, their_max_leases) AS one (id, max_leases)
  CROSS JOIN LATERAL (
    SELECT count(*) AS messages FROM (
      SELECT event_id FROM inbox_messages
      WHERE inbox_id = one.id AND (status, event_id) >= ('quarantined', oldest_event) AND status <= 'quarantined'
      ORDER BY status, event_id LIMIT up_to
    ) AS counted
  ) AS aside
  CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE lease_count >= one.max_leases AND event_id >= oldest_event) AS messages FROM (
      SELECT event_id, lease_count FROM inbox_messages
      WHERE inbox_id = one.id AND due_at <= now_ms
      ORDER BY due_at LIMIT up_to
    ) AS counted
  ) AS due;
END
$$;

-- The next quarantined messages of an inbox, oldest first: after `after_event` and before `before_event`. One range of
-- inbox_messages_by_status.
CREATE FUNCTION quarantined_messages(
  of_inbox uuid, of_organization uuid, after_event uuid, before_event uuid, max_messages integer
) RETURNS TABLE (id uuid, type text)
LANGUAGE plpgsql STABLE
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off
SET enable_incremental_sort = off SET enable_hashjoin = off
SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan SET jit = off
AS $$
#variable_conflict use_column
DECLARE
  from_event uuid;
BEGIN
  SELECT greatest(id, after_event) INTO from_event FROM events
  WHERE organization_id >= of_organization AND organization_id <= of_organization
  ORDER BY organization_id, id LIMIT 1;
  IF from_event IS NULL THEN RETURN; END IF;
  RETURN QUERY
  SELECT event_id, event_type FROM inbox_messages
  WHERE inbox_id = of_inbox AND (status, event_id) >= ('quarantined', from_event)
    AND (status, event_id) < ('quarantined', before_event) AND event_id <> after_event
  ORDER BY status, event_id LIMIT max_messages;
END
$$;
