-- What consumers do with what they hold. Functions for their planner settings, and written in the ways of
-- 0002-inbox-leases.sql, for the same reason. Each is one statement, which writes rows in the order of their event ids
-- and looks again at what a row says when it is written: somebody may have acked or leased it meanwhile.

-- Acks events by id, touched or not. `for_lease` null = whoever holds them. `not_found`: ids that the organization has no
-- event for; `stale`: those that the lease does not hold. A probe of inbox_messages an id, one of events for those
-- without a row.
CREATE FUNCTION ack_messages(
  of_inbox uuid, of_organization uuid, ids uuid[], for_lease uuid, now_ms bigint,
  OUT acknowledged integer, OUT not_found uuid[], OUT stale uuid[]
)
LANGUAGE plpgsql VOLATILE
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off
SET enable_incremental_sort = off SET enable_hashjoin = off
SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan SET jit = off
AS $$
BEGIN
  WITH known AS MATERIALIZED (
    SELECT one.id, message.status,
      coalesce(message.event_type, CASE event.organization_id WHEN of_organization THEN event.type END) AS event_type
    FROM unnest(ids) AS one (id)
    LEFT JOIN LATERAL (
      SELECT status, event_type FROM inbox_messages WHERE inbox_id = of_inbox AND event_id = one.id LIMIT 1
    ) AS message ON true
    LEFT JOIN LATERAL (
      SELECT organization_id, type FROM events WHERE message.status IS NULL AND id = one.id LIMIT 1
    ) AS event ON true
  ), written AS (
    INSERT INTO inbox_messages AS message (inbox_id, event_id, event_type, status, lease_count)
    SELECT of_inbox, id, event_type, 'acked', 0
    FROM known
    WHERE event_type IS NOT NULL AND status IS DISTINCT FROM 'acked' AND (for_lease IS NULL OR status IS NOT NULL)
    ORDER BY id
    ON CONFLICT (inbox_id, event_id) DO UPDATE SET (status, lease_id, due_at) = (
      SELECT
        CASE WHEN may_ack THEN 'acked' ELSE message.status END,
        CASE WHEN NOT may_ack THEN message.lease_id END,
        CASE WHEN NOT may_ack THEN message.due_at END
      FROM (
        SELECT for_lease IS NULL OR (message.lease_id = for_lease AND message.due_at > now_ms) IS TRUE AS may_ack
      ) AS decided
    )
    RETURNING event_id, status
  )
  SELECT
    (SELECT count(*) FROM known WHERE status = 'acked') + (SELECT count(*) FROM written WHERE status = 'acked'),
    ARRAY(SELECT id FROM known WHERE event_type IS NULL),
    ARRAY(
      SELECT id FROM known WHERE for_lease IS NOT NULL AND status IS NULL AND event_type IS NOT NULL
      UNION ALL
      SELECT event_id FROM written WHERE status <> 'acked'
    )
  INTO acknowledged, not_found, stale;
END
$$;

-- Acks all that a living lease holds. Returns how many. One range of inbox_messages_by_lease.
CREATE FUNCTION ack_lease(of_inbox uuid, of_lease uuid, now_ms bigint) RETURNS integer
LANGUAGE plpgsql VOLATILE
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off
SET enable_incremental_sort = off SET enable_hashjoin = off
SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan SET jit = off
AS $$
DECLARE
  acknowledged integer;
BEGIN
  INSERT INTO inbox_messages AS message (inbox_id, event_id, event_type, status, lease_count)
  SELECT inbox_id, event_id, event_type, 'acked', lease_count
  FROM (
    SELECT inbox_id, event_id, event_type, lease_count FROM inbox_messages
    WHERE lease_id >= of_lease AND lease_id <= of_lease AND inbox_id = of_inbox AND due_at > now_ms
    ORDER BY lease_id
  ) AS held
  ORDER BY event_id
  ON CONFLICT (inbox_id, event_id) DO UPDATE SET status = excluded.status, lease_id = NULL, due_at = NULL
  WHERE message.lease_id = of_lease;
  GET DIAGNOSTICS acknowledged = ROW_COUNT;
  RETURN acknowledged;
END
$$;

-- Ends the hold on messages: available again, at once (`from_ms` null) or later, or quarantined when they had their
-- leases. `ids` null = all that the lease holds. Returns those that were held. One range of inbox_messages_by_lease.
CREATE FUNCTION release_messages(
  of_inbox uuid, of_lease uuid, now_ms bigint, ids uuid[], from_ms bigint, max_leases integer
) RETURNS SETOF uuid
LANGUAGE plpgsql VOLATILE
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off
SET enable_incremental_sort = off SET enable_hashjoin = off
SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan SET jit = off
AS $$
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
  RETURNING event_id;
END
$$;

-- Sets a new end of the hold on messages. `ids` null = all that the lease holds. Returns those that were held. One range
-- of inbox_messages_by_lease.
CREATE FUNCTION extend_messages(of_inbox uuid, of_lease uuid, now_ms bigint, ids uuid[], until_ms bigint)
RETURNS SETOF uuid
LANGUAGE plpgsql VOLATILE
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off
SET enable_incremental_sort = off SET enable_hashjoin = off
SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan SET jit = off
AS $$
BEGIN
  RETURN QUERY
  INSERT INTO inbox_messages AS message (inbox_id, event_id, event_type, status, lease_count, due_at)
  SELECT inbox_id, event_id, event_type, 'leased', lease_count, until_ms
  FROM (
    SELECT inbox_id, event_id, event_type, lease_count FROM inbox_messages
    WHERE lease_id >= of_lease AND lease_id <= of_lease AND inbox_id = of_inbox AND due_at > now_ms
      AND (ids IS NULL OR event_id = ANY (ids))
    ORDER BY lease_id
  ) AS held
  ORDER BY event_id
  ON CONFLICT (inbox_id, event_id) DO UPDATE SET due_at = excluded.due_at
  WHERE message.lease_id = of_lease
  RETURNING event_id;
END
$$;

-- Makes quarantined messages available with a fresh count; also those whose last lease ran out, though nobody has looked
-- since. Returns those that were. A probe an id.
CREATE FUNCTION requeue_messages(of_inbox uuid, ids uuid[], now_ms bigint, max_leases integer) RETURNS SETOF uuid
LANGUAGE plpgsql VOLATILE
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off
SET enable_incremental_sort = off SET enable_hashjoin = off
SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan SET jit = off
AS $$
BEGIN
  RETURN QUERY
  INSERT INTO inbox_messages AS message (inbox_id, event_id, event_type, status, lease_count)
  SELECT of_inbox, aside.event_id, aside.event_type, 'available', 0
  FROM (SELECT DISTINCT id FROM unnest(ids) AS id ORDER BY id) AS one CROSS JOIN LATERAL (
    SELECT event_id, event_type, status, lease_count, due_at FROM inbox_messages
    WHERE inbox_id = of_inbox AND event_id = one.id LIMIT 1
  ) AS aside
  WHERE aside.status = 'quarantined' OR (aside.due_at <= now_ms AND aside.lease_count >= max_leases)
  ORDER BY aside.event_id
  ON CONFLICT (inbox_id, event_id) DO UPDATE
  SET status = excluded.status, lease_count = excluded.lease_count, lease_id = NULL, due_at = NULL
  WHERE message.status = 'quarantined' OR (message.due_at <= now_ms AND message.lease_count >= max_leases)
  RETURNING event_id;
END
$$;
