-- Reads where an event stands, and whether it still waits for a delivery. Parameters: organization, id. Two probes.
SELECT seq, EXISTS (
  SELECT 1 FROM deliveries INDEXED BY deliveries_by_event
  WHERE deliveries.event_id = events.id AND deliveries.status IN ('pending', 'retrying')
) AS waits
FROM events INDEXED BY events_by_organization WHERE organization_id = ?1 AND id = ?2
