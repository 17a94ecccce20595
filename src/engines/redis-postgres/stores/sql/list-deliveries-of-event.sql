-- Reads a page of an event's deliveries, newest first. Parameters: organization, event, from id, before id, statuses, and
-- null for any: endpoint, type; limit. One range of deliveries_by_event in each partition since the event.
SELECT * FROM deliveries
WHERE event_id = $2 AND organization_id = $1 AND id >= $3 AND id < $4 AND status = ANY ($5::text[])
  AND ($6::uuid IS NULL OR endpoint_id = $6) AND ($7::text IS NULL OR event_type = $7)
ORDER BY id DESC LIMIT $8
