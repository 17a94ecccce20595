-- Reads the event types of available messages in a range of types. Parameters: inbox, first type, before type, limit.
-- Skips from type to type over inbox_messages_available, one lookup each.
WITH RECURSIVE found (event_type) AS (
  SELECT min(event_type) FROM inbox_messages INDEXED BY inbox_messages_available
  WHERE inbox_id = ?1 AND status = 'available' AND event_type >= ?2 AND event_type < ?3
  UNION ALL
  SELECT (
    SELECT min(event_type) FROM inbox_messages INDEXED BY inbox_messages_available
    WHERE inbox_id = ?1 AND status = 'available'
      AND inbox_messages.event_type > found.event_type AND inbox_messages.event_type < ?3
  )
  FROM found WHERE found.event_type IS NOT NULL
  LIMIT ?4
)
SELECT event_type FROM found WHERE event_type IS NOT NULL
