-- Sets a dedup mark, unless an unexpired one exists. Parameters: organization, dedup id, event, the event's created at,
-- expires at, now. Changes no row when the event is a duplicate. Costs one lookup and two index entries.
INSERT INTO dedup_marks (organization_id, dedup_id, event_id, created_at, expires_at)
VALUES (?1, ?2, ?3, ?4, ?5)
ON CONFLICT (organization_id, dedup_id) DO UPDATE
SET event_id = excluded.event_id, created_at = excluded.created_at, expires_at = excluded.expires_at
WHERE expires_at <= ?6
