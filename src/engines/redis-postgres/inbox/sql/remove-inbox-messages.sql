-- Removes up to a limit of an inbox's messages. Parameters: inbox, limit. Returns one row each. Costs one range.
DELETE FROM inbox_messages WHERE (inbox_id, event_id) IN (
  SELECT inbox_id, event_id FROM inbox_messages WHERE inbox_id = $1 ORDER BY inbox_id, event_id LIMIT $2
)
RETURNING event_id
