-- The embedded engine's 0002 says what each column and table is for.
ALTER TABLE endpoints ADD COLUMN options text NOT NULL DEFAULT '{}', ADD COLUMN failing_since bigint;

ALTER TABLE deliveries ADD COLUMN order_group text, ADD COLUMN further_sends integer NOT NULL DEFAULT 0,
  ADD COLUMN origin text;
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

-- Takes the turn of its group for each delivery, or finds that another has it. To the end of the transaction the groups are
-- this caller's: whoever passes a turn on waits, and sees what was written meanwhile. Returns those that have it.
CREATE FUNCTION claim_turns(endpoint_ids uuid[], order_groups text[], delivery_ids uuid[]) RETURNS uuid[]
LANGUAGE sql VOLATILE AS $$
  WITH claimed AS (
    INSERT INTO order_turns AS turn (endpoint_id, order_group, delivery_id, blocked)
    SELECT DISTINCT ON (endpoint_id, order_group) endpoint_id, order_group, delivery_id, false
    FROM unnest(endpoint_ids, order_groups, delivery_ids) AS wanted (endpoint_id, order_group, delivery_id)
    ORDER BY endpoint_id, order_group, delivery_id
    ON CONFLICT (endpoint_id, order_group) DO UPDATE SET delivery_id = turn.delivery_id
    RETURNING delivery_id
  )
  SELECT coalesce(array_agg(delivery_id), '{}') FROM claimed
$$;

-- Passes turns on: from deliveries that are done to the next of their group, or to nobody. A delivery that is not done, or
-- that has not the turn, changes nothing. `blocks`: it keeps the turn though it is done. Returns those whose turn it is now.
CREATE FUNCTION pass_turns(endpoint_ids uuid[], order_groups text[], delivery_ids uuid[], blocks boolean[])
RETURNS TABLE (delivery_id uuid, endpoint_id uuid)
LANGUAGE plpgsql VOLATILE
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
DECLARE
  turn record;
  next_id uuid;
BEGIN
  FOR turn IN
    SELECT held.endpoint_id, held.order_group, held.delivery_id, done.blocks
    FROM unnest(endpoint_ids, order_groups, delivery_ids, blocks) AS done (endpoint_id, order_group, delivery_id, blocks)
    CROSS JOIN LATERAL (
      SELECT * FROM order_turns AS held
      WHERE held.endpoint_id = done.endpoint_id AND held.order_group = done.order_group
        AND held.delivery_id = done.delivery_id AND NOT held.blocked
      OFFSET 0
    ) AS held
    ORDER BY held.endpoint_id, held.order_group
  LOOP
    PERFORM FROM order_turns AS held
    WHERE held.endpoint_id = turn.endpoint_id AND held.order_group = turn.order_group
      AND held.delivery_id = turn.delivery_id AND NOT held.blocked
    FOR UPDATE;
    CONTINUE WHEN NOT FOUND;
    CONTINUE WHEN EXISTS (
      SELECT FROM deliveries WHERE id = turn.delivery_id AND status IN ('pending', 'retrying')
    );
    IF turn.blocks THEN
      UPDATE order_turns AS held SET blocked = true
      WHERE held.endpoint_id = turn.endpoint_id AND held.order_group = turn.order_group;
      CONTINUE;
    END IF;
    SELECT id INTO next_id FROM deliveries AS waiting
    WHERE waiting.endpoint_id = turn.endpoint_id AND waiting.order_group = turn.order_group
      AND waiting.order_group IS NOT NULL AND waiting.status IN ('pending', 'retrying')
    ORDER BY waiting.endpoint_id, waiting.order_group, waiting.id LIMIT 1;
    IF next_id IS NULL THEN
      DELETE FROM order_turns AS held
      WHERE held.endpoint_id = turn.endpoint_id AND held.order_group = turn.order_group;
      CONTINUE;
    END IF;
    UPDATE order_turns AS held SET delivery_id = next_id
    WHERE held.endpoint_id = turn.endpoint_id AND held.order_group = turn.order_group;
    UPDATE deliveries SET due_at = 0 WHERE id = next_id AND due_at IS NULL AND leased_until IS NULL;
    delivery_id := next_id;
    endpoint_id := turn.endpoint_id;
    RETURN NEXT;
  END LOOP;
END
$$;

-- As before (0001), with the groups of deliveries that go in order; workers of the version before call the other one.
CREATE FUNCTION persist_events(
  event_ids uuid[], organization_ids uuid[], types text[], datas text[], dedup_ids text[], ordering_keys text[],
  deliver_ats bigint[], created_ats bigint[], traceparents text[], hopss integer[],
  delivery_ids uuid[], delivery_events integer[], endpoint_ids uuid[], statuses text[], order_groups text[], since uuid
) RETURNS TABLE (delivery_id uuid, endpoint_id uuid, at bigint)
LANGUAGE plpgsql VOLATILE
SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
DECLARE
  fresh uuid[];
  known uuid[];
  turns uuid[] := '{}';
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

  IF cardinality(array_remove(order_groups, NULL)) > 0 THEN
    SELECT claim_turns(array_agg(delivery.endpoint_id), array_agg(delivery.order_group), array_agg(delivery.id))
    INTO turns
    FROM unnest(delivery_ids, delivery_events, endpoint_ids, statuses, order_groups)
      AS delivery (id, event, endpoint_id, status, order_group)
    WHERE (all_fresh OR event_ids[delivery.event] = ANY (fresh))
      AND delivery.status = 'pending' AND delivery.order_group IS NOT NULL;
  END IF;

  RETURN QUERY
  WITH added AS (
    INSERT INTO deliveries
      (id, organization_id, event_id, endpoint_id, event_type, status, attempts, failures, due_at, created_at, updated_at,
       order_group)
    SELECT delivery.id, organization_ids[delivery.event], event_ids[delivery.event], delivery.endpoint_id,
      types[delivery.event], delivery.status, 0, 0,
      CASE WHEN delivery.status = 'pending' AND (delivery.order_group IS NULL OR delivery.id = ANY (turns))
        THEN coalesce(deliver_ats[delivery.event], 0) END,
      created_ats[delivery.event], created_ats[delivery.event], delivery.order_group
    FROM unnest(delivery_ids, delivery_events, endpoint_ids, statuses, order_groups)
      AS delivery (id, event, endpoint_id, status, order_group)
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
    ) AS waiting
    WHERE waiting.at IS NOT NULL;
  END IF;
END
$$;
