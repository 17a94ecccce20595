-- Removes a bounded number of an inbox's messages. Parameters: inbox, limit. Returns a row each. One range.
DELETE FROM inbox_messages WHERE (inbox_id, event_id) IN (
  SELECT inbox_id, event_id FROM inbox_messages WHERE inbox_id = $1 ORDER BY inbox_id, event_id LIMIT $2
)
RETURNING event_id
