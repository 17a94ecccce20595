-- Removes events with all that belongs to them. Parameters: ids. Returns how
-- many. A range of each table an event.
WITH wanted AS MATERIALIZED (
  SELECT event.id, event.organization_id FROM unnest($1::uuid[]) AS one (id) JOIN events AS event ON event.id = one.id
), gone AS MATERIALIZED (
  SELECT delivery.id FROM wanted JOIN deliveries AS delivery ON delivery.event_id = wanted.id
), messages AS (
  DELETE FROM inbox_messages AS message USING wanted JOIN inboxes ON inboxes.organization_id = wanted.organization_id
  WHERE message.inbox_id = inboxes.id AND message.event_id = wanted.id
), tries AS (
  DELETE FROM attempts USING gone WHERE attempts.delivery_id = gone.id
), sent AS (
  DELETE FROM deliveries USING gone WHERE deliveries.id = gone.id
), removed AS (
  DELETE FROM events USING wanted WHERE events.id = wanted.id RETURNING 1
)
SELECT count(*) AS removed FROM removed
