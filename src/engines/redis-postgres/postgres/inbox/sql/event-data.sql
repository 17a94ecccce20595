-- Reads the data of events. Parameters: organization, ids. A probe an id.
SELECT event.id, event.data
FROM unnest($2::uuid[]) AS wanted (id) CROSS JOIN LATERAL (
  SELECT id, data FROM events WHERE id = wanted.id AND organization_id = $1 LIMIT 1
) AS event
