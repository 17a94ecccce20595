-- Reads a page of an organization's events of one type, newest first. Parameters: organization, type, from id, before id,
-- limit. One range of events_by_type.
SELECT id, organization_id, type, data, dedup_id, ordering_key, deliver_at, created_at, traceparent, hops
FROM events INDEXED BY events_by_type
WHERE organization_id = ?1 AND type = ?2 AND id >= ?3 AND id < ?4
ORDER BY id DESC LIMIT ?5
