-- Removes up to a limit of an inbox's messages. Parameters: inbox, limit. Costs one range.
DELETE FROM inbox_messages WHERE inbox_id = ?1 AND event_id IN (
  SELECT event_id FROM inbox_messages WHERE inbox_id = ?1 LIMIT ?2
)
