-- Reads events with a dedup id, newest first. Parameters: before id, from id, limit. Costs one range of
-- events_with_dedup_id.
SELECT id, organization_id, dedup_id, created_at
FROM events
WHERE id < $1 AND id >= $2 AND dedup_id IS NOT NULL
ORDER BY id DESC
LIMIT $3
