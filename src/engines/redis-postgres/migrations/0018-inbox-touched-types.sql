-- What an inbox has had it gives out whatever it wants by now, as on the embedded engine: a lease says by themselves which types
-- of messages with a row it wants (null = all). Before, an inbox whose event types were changed kept what was released of
-- others for ever. Beside the function of 0017, which processes of the version before go on calling.
CREATE FUNCTION lease_messages(
  of_inbox uuid, of_organization uuid, for_lease uuid, now_ms bigint, until_ms bigint, max_leases integer,
  max_messages integer, wanted text[], passed text[], unwanted text[],
  touched_wanted text[]
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
  found := available_messages(of_inbox, of_organization, touched_wanted, max_messages);
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

-- As in 0001, and an inbox whose patterns can't be read (a row that was written by hand) keeps the event: it gives nothing out
-- until they are set again. An error here would keep events of the whole batch from being recorded.
CREATE OR REPLACE FUNCTION inbox_wants(event_types text, type text) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  RETURN event_types = '[]' OR EXISTS (
    SELECT FROM jsonb_array_elements(event_types::jsonb) AS element WHERE jsonb_typeof(element) <> 'string'
  ) OR EXISTS (
    SELECT FROM jsonb_array_elements_text(event_types::jsonb) AS pattern
    WHERE '.' || type ~ ('^' || (
      SELECT string_agg(
        CASE segment WHEN '**' THEN '(\.[^.]*)*' WHEN '*' THEN '\.[^.]*' ELSE '\.' || segment END, '' ORDER BY place)
      FROM regexp_split_to_table(pattern, '\.') WITH ORDINALITY AS segments (segment, place)
    ) || '$')
  );
EXCEPTION WHEN OTHERS THEN
  RETURN true;
END
$$;
