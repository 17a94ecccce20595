-- Looking into an inbox. Functions for their planner settings, and written in the ways of 0002-inbox-leases.sql, for the
-- same reason. They write nothing: a lease or delay that ran out is shown as what it will be once it is woken.

-- An inbox's messages of every status, oldest first: events with a row, and those after the cursor without one
-- (`touched` false). One range of events_by_organization, a probe of inbox_messages for each.
CREATE FUNCTION list_messages(
  of_inbox uuid, of_organization uuid, after_event uuid, max_messages integer, now_ms bigint, max_leases integer
) RETURNS TABLE (
  id uuid, organization_id uuid, type text, data text, dedup_id text, ordering_key text, deliver_at bigint,
  created_at bigint, traceparent text, hops integer, touched boolean, status text, lease_count integer
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
    coalesce(message.lease_count, 0)
  FROM events AS event
  LEFT JOIN LATERAL (
    SELECT status, lease_count, due_at FROM inbox_messages WHERE inbox_id = of_inbox AND event_id = event.id LIMIT 1
  ) AS message ON true
  WHERE (event.organization_id, event.id) > (of_organization, after_event) AND event.organization_id <= of_organization
    AND event.id > after_event
    AND (message.status IS NOT NULL OR event.id > (SELECT cursor_event_id FROM inboxes WHERE id = of_inbox))
  ORDER BY event.organization_id, event.id LIMIT max_messages;
END
$$;

-- An inbox's messages of one status, oldest first. What is released for later is available, so is an event without a row
-- (`touched` false). Begins at the organization's oldest event: retention takes events first, what inboxes know about
-- them later. A range of inbox_messages_by_status for the status itself and one for what is released for later, all of
-- inbox_messages_due that ran out, a range of events_by_organization with a probe of inbox_messages for each: each of
-- them `max_messages` long at most, but for those that ran out.
CREATE FUNCTION list_messages_of_status(
  of_inbox uuid, of_organization uuid, after_event uuid, max_messages integer, now_ms bigint, max_leases integer,
  of_status text
) RETURNS TABLE (
  id uuid, organization_id uuid, type text, data text, dedup_id text, ordering_key text, deliver_at bigint,
  created_at bigint, traceparent text, hops integer, touched boolean, lease_count integer
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
      SELECT event_id, lease_count, true AS touched FROM inbox_messages
      WHERE inbox_id = of_inbox AND (status, event_id) >= (of_status, from_event) AND status <= of_status
        AND event_id <> after_event AND (due_at > now_ms) IS NOT FALSE
      ORDER BY status, event_id LIMIT max_messages
    )
    UNION ALL
    (
      SELECT event_id, lease_count, true FROM inbox_messages
      WHERE of_status = 'available' AND inbox_id = of_inbox AND (status, event_id) >= ('delayed', from_event)
        AND status <= 'delayed' AND event_id <> after_event AND due_at > now_ms
      ORDER BY status, event_id LIMIT max_messages
    )
    UNION ALL
    (
      SELECT event_id, lease_count, true FROM due
      WHERE event_id >= from_event AND event_id <> after_event
        AND CASE WHEN lease_count >= max_leases THEN 'quarantined' ELSE 'available' END = of_status
      ORDER BY event_id LIMIT max_messages
    )
    UNION ALL
    (
      SELECT event.id, 0, false
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
    event.created_at, event.traceparent, event.hops, oldest.touched, oldest.lease_count
  FROM (SELECT event_id, lease_count, touched FROM found ORDER BY event_id LIMIT max_messages) AS oldest
  CROSS JOIN LATERAL (SELECT * FROM events WHERE id = oldest.event_id LIMIT 1) AS event
  WHERE event.organization_id = of_organization
  ORDER BY event.id;
END
$$;

-- Which event types a lease may meet: those of the next events after an inbox's cursor, of the messages that it will
-- wake, and of its available messages within some ranges of types (`befores` not included). One range of
-- events_by_organization, one of inbox_messages_due; hops from type to type over inbox_messages_available, a probe each.
CREATE FUNCTION waiting_types(
  of_inbox uuid, of_organization uuid, now_ms bigint, firsts text[], befores text[], max_types integer,
  max_woken integer, max_events integer
) RETURNS TABLE (type text)
LANGUAGE plpgsql STABLE
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off
SET enable_incremental_sort = off SET enable_hashjoin = off
SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan SET jit = off
AS $$
#variable_conflict use_column
DECLARE
  last_touched uuid;
BEGIN
  SELECT cursor_event_id INTO last_touched FROM inboxes WHERE id = of_inbox;
  RETURN QUERY
  SELECT found.event_type
  FROM unnest(firsts, befores) AS range (first, before) CROSS JOIN LATERAL (
    WITH RECURSIVE hop (event_type) AS (
      (
        SELECT event_type FROM inbox_messages
        WHERE inbox_id = of_inbox AND status = 'available' AND event_type >= range.first AND event_type < range.before
        ORDER BY event_type LIMIT 1
      )
      UNION ALL
      SELECT next.event_type
      FROM hop CROSS JOIN LATERAL (
        SELECT event_type FROM inbox_messages
        WHERE inbox_id = of_inbox AND status = 'available' AND event_type > hop.event_type
          AND event_type < range.before
        ORDER BY event_type LIMIT 1
      ) AS next
    )
    SELECT event_type FROM hop LIMIT max_types
  ) AS found
  UNION
  SELECT due.event_type
  FROM (
    SELECT event_type FROM inbox_messages
    WHERE inbox_id = of_inbox AND due_at <= now_ms ORDER BY due_at LIMIT max_woken
  ) AS due
  UNION
  SELECT next.type
  FROM (
    SELECT type FROM events
    WHERE (organization_id, id) > (of_organization, last_touched) AND organization_id <= of_organization
      AND id > last_touched
    ORDER BY organization_id, id LIMIT max_events
  ) AS next;
END
$$;

-- The data of events. A probe an id.
CREATE FUNCTION event_data(of_organization uuid, ids uuid[]) RETURNS TABLE (id uuid, data text)
LANGUAGE plpgsql STABLE
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off
SET enable_incremental_sort = off SET enable_hashjoin = off
SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan SET jit = off
AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  SELECT event.id, event.data
  FROM unnest(ids) AS one (id) CROSS JOIN LATERAL (
    SELECT id, organization_id, data FROM events WHERE id = one.id LIMIT 1
  ) AS event
  WHERE event.organization_id = of_organization;
END
$$;
