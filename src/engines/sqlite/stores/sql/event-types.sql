-- Reads an organization's event types in order, each with its last event and how many there are, counted up to a bound.
-- Parameters: organization, after type, limit, bound. Hops over events_by_type: two probes and a short range a type.
WITH RECURSIVE seen (type) AS (
  SELECT min(type) FROM events INDEXED BY events_by_type WHERE organization_id = ?1 AND type > ?2
  UNION ALL
  SELECT (
    SELECT min(event.type) FROM events event INDEXED BY events_by_type
    WHERE event.organization_id = ?1 AND event.type > seen.type
  )
  FROM seen WHERE seen.type IS NOT NULL
  LIMIT ?3
)
SELECT type,
  (SELECT max(id) FROM events INDEXED BY events_by_type WHERE organization_id = ?1 AND events.type = seen.type) AS last_id,
  (SELECT count(*) FROM (
    SELECT 1 FROM events INDEXED BY events_by_type WHERE organization_id = ?1 AND events.type = seen.type LIMIT ?4
  )) AS events
FROM seen WHERE type IS NOT NULL
