-- Reads a page of an organization's events, newest first. Parameters: organization, from id, before id, limit. One range
-- of events_by_organization.
SELECT id, organization_id, type, data, dedup_id, ordering_key, deliver_at, created_at, traceparent, hops
FROM events INDEXED BY events_by_organization
WHERE organization_id = ?1 AND id >= ?2 AND id < ?3
ORDER BY id DESC LIMIT ?4
