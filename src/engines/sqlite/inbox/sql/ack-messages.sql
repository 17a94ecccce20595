-- Acknowledges events by id, with or without a row. Parameters: inbox, organization, ids (JSON array). Costs two
-- lookups and a row per id.
INSERT INTO inbox_messages (inbox_id, event_id, event_type, status, lease_count)
SELECT ?1, events.id, events.type, 'acked', 0
FROM json_each(?3) AS wanted
CROSS JOIN events ON events.organization_id = ?2 AND events.id = wanted.value
WHERE true
ON CONFLICT (inbox_id, event_id) DO UPDATE SET status = 'acked', lease_id = NULL, due_at = NULL
