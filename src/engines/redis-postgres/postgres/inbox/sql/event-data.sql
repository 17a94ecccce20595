-- Reads the data of events. Parameters: organization, ids. A probe an id.
SELECT event.id, event.data
FROM unnest($2::uuid[]) AS wanted (id) CROSS JOIN LATERAL (
  SELECT id, organization_id, data FROM events WHERE id = wanted.id LIMIT 1
) AS event
WHERE event.organization_id = $1
