-- Reads all deliveries of an event, oldest first. Parameters: organization, event, from id (no delivery is older than its
-- event). One range of deliveries_by_event in each partition since then.
SELECT * FROM deliveries WHERE event_id = $2 AND organization_id = $1 AND id >= $3 ORDER BY id
