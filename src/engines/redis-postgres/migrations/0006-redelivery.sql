-- What somebody asked to be sent again, or not at all (ports/record/redelivery.ts). Rows are locked in the order of ids, then turns
-- in the order of groups, as everywhere: no deadlocks.

-- Returns those that are due now, to be queued. The number of all that were retried is in `retried`, the same in each row;
-- one row without a delivery when none is due.
CREATE FUNCTION retry_deliveries(of_organization uuid, ids uuid[], of_statuses text[], now_ms bigint, max_further integer)
RETURNS TABLE (delivery_id uuid, endpoint_id uuid, retried integer)
LANGUAGE plpgsql VOLATILE
SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
DECLARE
  delivery_row record;
  finished uuid[] := '{}';
  ordered uuid[] := '{}';
  ordered_endpoints uuid[] := '{}';
  ordered_groups text[] := '{}';
  due uuid[] := '{}';
  done integer := 0;
BEGIN
  FOR delivery_row IN
    SELECT delivery.id, delivery.endpoint_id, delivery.status, delivery.order_group, delivery.leased_until
    FROM unnest(ids) AS wanted (id) CROSS JOIN LATERAL (
      SELECT * FROM deliveries WHERE id = wanted.id AND organization_id = of_organization
      OFFSET 0
    ) AS delivery
    WHERE of_statuses IS NULL OR delivery.status = ANY (of_statuses)
    ORDER BY delivery.id
  LOOP
    -- Again under the lock: it may have moved on.
    SELECT * INTO delivery_row FROM deliveries
    WHERE id = delivery_row.id AND (of_statuses IS NULL OR status = ANY (of_statuses)) FOR UPDATE;
    CONTINUE WHEN NOT FOUND;
    done := done + 1;
    IF delivery_row.status = 'retrying' AND delivery_row.leased_until IS NULL THEN
      UPDATE deliveries SET due_at = 0 WHERE id = delivery_row.id;
      due := due || delivery_row.id;
    ELSIF delivery_row.status IN ('pending', 'retrying') THEN
      UPDATE deliveries SET further_sends = least(further_sends + 1, max_further) WHERE id = delivery_row.id;
    ELSE
      UPDATE deliveries
      SET status = 'pending', due_at = CASE WHEN delivery_row.order_group IS NULL THEN 0 END, failures = 0, updated_at = now_ms
      WHERE id = delivery_row.id;
      IF delivery_row.order_group IS NULL THEN
        due := due || delivery_row.id;
      ELSE
        ordered := ordered || delivery_row.id;
        ordered_endpoints := ordered_endpoints || delivery_row.endpoint_id;
        ordered_groups := ordered_groups || delivery_row.order_group;
      END IF;
    END IF;
  END LOOP;

  IF cardinality(ordered) > 0 THEN
    PERFORM claim_turns(ordered_endpoints, ordered_groups, ordered);
    -- One that holds up its order has the turn already.
    UPDATE order_turns AS turn SET blocked = false
    FROM unnest(ordered_endpoints, ordered_groups, ordered) AS wanted (endpoint_id, order_group, delivery_id)
    WHERE turn.endpoint_id = wanted.endpoint_id AND turn.order_group = wanted.order_group
      AND turn.delivery_id = wanted.delivery_id AND turn.blocked;
    FOR delivery_row IN
      SELECT turn.delivery_id FROM unnest(ordered_endpoints, ordered_groups, ordered)
        AS wanted (endpoint_id, order_group, delivery_id)
      JOIN order_turns AS turn ON turn.endpoint_id = wanted.endpoint_id AND turn.order_group = wanted.order_group
        AND turn.delivery_id = wanted.delivery_id
    LOOP
      UPDATE deliveries SET due_at = 0 WHERE id = delivery_row.delivery_id AND leased_until IS NULL;
      due := due || delivery_row.delivery_id;
    END LOOP;
  END IF;

  RETURN QUERY
  SELECT delivery.id, delivery.endpoint_id, done
  FROM (SELECT 1) AS one LEFT JOIN LATERAL (
    SELECT id, endpoint_id FROM deliveries WHERE id = ANY (due)
  ) AS delivery ON true;
END
$$;

-- Ends a delivery that waits, or that holds up its order. Returns no row when there is none; `canceled` false when it was done;
-- with the group, whose turn is to be passed on.
CREATE FUNCTION cancel_delivery(of_organization uuid, of_delivery uuid, now_ms bigint)
RETURNS TABLE (endpoint_id uuid, order_group text, canceled boolean)
LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
DECLARE
  delivery_row record;
BEGIN
  SELECT * INTO delivery_row FROM deliveries WHERE id = of_delivery AND organization_id = of_organization FOR UPDATE;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  canceled := delivery_row.status IN ('pending', 'retrying');
  IF NOT canceled AND delivery_row.order_group IS NOT NULL THEN
    UPDATE order_turns AS turn SET blocked = false
    WHERE turn.endpoint_id = delivery_row.endpoint_id AND turn.order_group = delivery_row.order_group
      AND turn.delivery_id = of_delivery AND turn.blocked;
    canceled := FOUND;
  END IF;
  IF canceled THEN
    UPDATE deliveries
    SET status = 'canceled', due_at = NULL, leased_until = NULL, further_sends = 0, updated_at = now_ms
    WHERE id = of_delivery;
  END IF;
  endpoint_id := delivery_row.endpoint_id;
  order_group := delivery_row.order_group;
  RETURN NEXT;
END
$$;

-- Writes deliveries of events that are on record. Returns each that was not there, and when it is due (null while it waits
-- for its turn).
CREATE FUNCTION add_deliveries(
  delivery_ids uuid[], organization_ids uuid[], event_ids uuid[], types text[], endpoint_ids uuid[], order_groups text[],
  due_ats bigint[], now_ms bigint
) RETURNS TABLE (delivery_id uuid, endpoint_id uuid, at bigint)
LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
DECLARE
  turns uuid[];
BEGIN
  SELECT claim_turns(array_agg(wanted.endpoint_id), array_agg(wanted.order_group), array_agg(wanted.id)) INTO turns
  FROM unnest(delivery_ids, endpoint_ids, order_groups) AS wanted (id, endpoint_id, order_group)
  WHERE wanted.order_group IS NOT NULL
    AND NOT EXISTS (SELECT FROM deliveries WHERE deliveries.id = wanted.id);
  RETURN QUERY
  WITH added AS (
    INSERT INTO deliveries
      (id, organization_id, event_id, endpoint_id, event_type, status, attempts, failures, due_at, created_at, updated_at,
       order_group, origin)
    SELECT wanted.id, wanted.organization_id, wanted.event_id, wanted.endpoint_id, wanted.type, 'pending', 0, 0,
      CASE WHEN wanted.order_group IS NULL OR wanted.id = ANY (turns) THEN wanted.due_at END,
      now_ms, now_ms, wanted.order_group, 'replay'
    FROM unnest(delivery_ids, organization_ids, event_ids, types, endpoint_ids, order_groups, due_ats)
      AS wanted (id, organization_id, event_id, type, endpoint_id, order_group, due_at)
    ON CONFLICT (id) DO NOTHING
    RETURNING id, endpoint_id, due_at
  )
  SELECT id, endpoint_id, due_at FROM added;
END
$$;
