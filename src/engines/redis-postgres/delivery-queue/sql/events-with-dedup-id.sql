-- Reads the dedup ids of events, newest first. Parameters: before which id, from which id on, limit. One range of
-- events_with_dedup_id.
SELECT id, organization_id, dedup_id, created_at
FROM events
WHERE id < $1 AND id >= $2 AND dedup_id IS NOT NULL
ORDER BY id DESC
LIMIT $3
