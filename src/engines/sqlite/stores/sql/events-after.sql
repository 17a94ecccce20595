-- Reads an organization's events above an id, oldest first. Parameters: organization, after id, limit. One range of
-- events_by_organization.
SELECT id, organization_id, type, data, dedup_id, ordering_key, deliver_at, created_at, traceparent, hops
FROM events INDEXED BY events_by_organization
WHERE organization_id = ?1 AND id > ?2
ORDER BY id LIMIT ?3
