-- Removes what inboxes know of a range of events, a bounded number. Parameters: from event id, before event id, limit.
-- Returns how many. An inbox at a time: one range of its primary key each.
WITH gone AS MATERIALIZED (
  SELECT message.inbox_id, message.event_id
  FROM inboxes CROSS JOIN LATERAL (
    SELECT inbox_id, event_id FROM inbox_messages
    WHERE inbox_messages.inbox_id = inboxes.id AND event_id >= $1 AND event_id < $2
    LIMIT $3
  ) AS message
  LIMIT $3
), removed AS (
  DELETE FROM inbox_messages USING gone
  WHERE inbox_messages.inbox_id = gone.inbox_id AND inbox_messages.event_id = gone.event_id
  RETURNING 1
)
SELECT count(*) AS removed FROM removed
