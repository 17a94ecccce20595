-- Acks events by id, touched or not. Parameters: inbox, organization, ids, lease (null = whoever holds them), now.
-- Returns one row: how many are acked now, the ids that the organization has no event for, those that the lease does
-- not hold. What a row says is looked at again when it is written: somebody may have acked or leased it meanwhile. Rows
-- are written in the order of their event ids. A probe of inbox_messages an id, one of events for those without a row.
WITH known AS MATERIALIZED (
  SELECT wanted.id, message.status,
    coalesce(message.event_type, CASE event.organization_id WHEN $2 THEN event.type END) AS event_type
  FROM unnest($3::uuid[]) AS wanted (id)
  LEFT JOIN LATERAL (
    SELECT status, event_type FROM inbox_messages WHERE inbox_id = $1 AND event_id = wanted.id LIMIT 1
  ) AS message ON true
  LEFT JOIN LATERAL (
    SELECT organization_id, type FROM events WHERE message.status IS NULL AND id = wanted.id LIMIT 1
  ) AS event ON true
), written AS (
  INSERT INTO inbox_messages AS message (inbox_id, event_id, event_type, status, lease_count)
  SELECT $1, id, event_type, 'acked', 0
  FROM known
  WHERE event_type IS NOT NULL AND status IS DISTINCT FROM 'acked' AND ($4::uuid IS NULL OR status IS NOT NULL)
  ORDER BY id
  ON CONFLICT (inbox_id, event_id) DO UPDATE SET (status, lease_id, due_at) = (
    SELECT
      CASE WHEN may_ack THEN 'acked' ELSE message.status END,
      CASE WHEN NOT may_ack THEN message.lease_id END,
      CASE WHEN NOT may_ack THEN message.due_at END
    FROM (
      SELECT $4::uuid IS NULL OR (message.lease_id = $4 AND message.due_at > $5::bigint) IS TRUE AS may_ack
    ) AS decided
  )
  RETURNING event_id, status
)
SELECT
  (SELECT count(*) FROM known WHERE status = 'acked')::integer
    + (SELECT count(*) FROM written WHERE status = 'acked')::integer AS acknowledged,
  ARRAY(SELECT id FROM known WHERE event_type IS NULL) AS not_found,
  ARRAY(
    SELECT id FROM known WHERE $4::uuid IS NOT NULL AND status IS NULL AND event_type IS NOT NULL
    UNION ALL
    SELECT event_id FROM written WHERE status <> 'acked'
  ) AS stale
