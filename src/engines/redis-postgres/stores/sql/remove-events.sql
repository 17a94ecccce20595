-- Removes events with all that belongs to them. Parameters: their ids, the ids of their deliveries. Returns how many.
-- Probes of each table.
WITH messages AS (
  DELETE FROM inbox_messages AS message USING events AS event JOIN inboxes ON inboxes.organization_id = event.organization_id
  WHERE event.id = ANY ($1::uuid[]) AND message.inbox_id = inboxes.id AND message.event_id = event.id
), tries AS (
  DELETE FROM attempts WHERE delivery_id = ANY ($2::uuid[])
), sent AS (
  DELETE FROM deliveries WHERE id = ANY ($2::uuid[])
), removed AS (
  DELETE FROM events WHERE id = ANY ($1::uuid[]) RETURNING 1
)
SELECT count(*) AS removed FROM removed
