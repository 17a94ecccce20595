-- Reads an organization's event types in order, each with its last event and how many there are, counted up to a bound.
-- Parameters: organization, after type, limit, bound. Hops over events_by_type: two probes and a short range a type, in each
-- day.
WITH RECURSIVE seen (type) AS (
  (SELECT type FROM events WHERE organization_id = $1 AND type > $2 ORDER BY type LIMIT 1)
  UNION ALL
  SELECT next.type FROM seen CROSS JOIN LATERAL (
    SELECT type FROM events WHERE organization_id = $1 AND events.type > seen.type ORDER BY events.type LIMIT 1
  ) AS next
)
SELECT page.type, last.id AS last_id, counted.events::integer AS events
FROM (SELECT type FROM seen LIMIT $3) AS page
CROSS JOIN LATERAL (
  SELECT id FROM events WHERE organization_id = $1 AND events.type = page.type ORDER BY id DESC LIMIT 1
) AS last
CROSS JOIN LATERAL (
  SELECT count(*) AS events FROM (
    SELECT FROM events WHERE organization_id = $1 AND events.type = page.type LIMIT $4
  ) AS bounded
) AS counted
