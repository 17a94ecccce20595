-- Removes events with all that belongs to them. Parameters: ids. Returns how many. A range of each table an event.
WITH gone AS MATERIALIZED (
  SELECT deliveries.id FROM deliveries WHERE event_id = ANY ($1::uuid[])
), messages AS (
  DELETE FROM inbox_messages WHERE event_id = ANY ($1::uuid[]) AND inbox_id IN (
    SELECT inboxes.id FROM inboxes JOIN events USING (organization_id) WHERE events.id = ANY ($1::uuid[])
  )
), tries AS (
  DELETE FROM attempts USING gone WHERE attempts.delivery_id = gone.id
), sent AS (
  DELETE FROM deliveries USING gone WHERE deliveries.id = gone.id
), removed AS (
  DELETE FROM events WHERE id = ANY ($1::uuid[]) RETURNING id
)
SELECT count(*) AS removed FROM removed
