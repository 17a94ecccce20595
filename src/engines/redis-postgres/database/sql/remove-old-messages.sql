-- Removes inbox messages of events below an id, up to a limit. Parameters: before event id, limit. Returns how many.
-- Costs the beginning of the primary key per inbox.
WITH gone AS MATERIALIZED (
  SELECT message.inbox_id, message.event_id
  FROM inboxes CROSS JOIN LATERAL (
    SELECT inbox_id, event_id FROM inbox_messages
    WHERE inbox_messages.inbox_id = inboxes.id AND event_id < $1
    LIMIT $2
  ) AS message
  LIMIT $2
), removed AS (
  DELETE FROM inbox_messages USING gone
  WHERE inbox_messages.inbox_id = gone.inbox_id AND inbox_messages.event_id = gone.event_id
  RETURNING 1
)
SELECT count(*) AS removed FROM removed
