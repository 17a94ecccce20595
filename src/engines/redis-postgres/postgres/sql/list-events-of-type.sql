-- Reads an organization's events of one type, newest first. Parameters: organization, type, from which id, before which
-- id, limit. One range of events_by_type.
SELECT * FROM events
WHERE organization_id = $1 AND type = $2 AND id >= $3 AND id < $4
ORDER BY id DESC LIMIT $5
