-- Reads which event types a lease may meet: those of the next events after an inbox's cursor, of the messages that it
-- will wake, and of its available messages within some ranges. Parameters: inbox, organization, now, ranges' first types,
-- the types that end them (not included), types a range, messages to wake, events. One range of events_by_organization,
-- one of inbox_messages_due; hops from type to type over inbox_messages_available, a probe each.
SELECT found.event_type AS type
FROM unnest($4::text[], $5::text[]) AS range (first, before) CROSS JOIN LATERAL (
  WITH RECURSIVE hop (event_type) AS (
    (
      SELECT event_type FROM inbox_messages
      WHERE inbox_id = $1 AND status = 'available' AND event_type >= range.first AND event_type < range.before
      ORDER BY event_type LIMIT 1
    )
    UNION ALL
    SELECT next.event_type
    FROM hop CROSS JOIN LATERAL (
      SELECT event_type FROM inbox_messages
      WHERE inbox_id = $1 AND status = 'available' AND event_type > hop.event_type AND event_type < range.before
      ORDER BY event_type LIMIT 1
    ) AS next
  )
  SELECT event_type FROM hop LIMIT $6
) AS found
UNION
SELECT due.event_type
FROM (
  SELECT event_type FROM inbox_messages WHERE inbox_id = $1 AND due_at <= $3 ORDER BY due_at LIMIT $7
) AS due
UNION
SELECT next.type
FROM (
  SELECT type FROM events
  WHERE organization_id = $2 AND id > (SELECT cursor_event_id FROM inboxes WHERE id = $1)
  ORDER BY id LIMIT $8
) AS next
