-- Reads one event of an organization. Parameters: organization, id. One probe.
SELECT id, organization_id, type, data, dedup_id, ordering_key, deliver_at, created_at, traceparent, hops
FROM events WHERE organization_id = $1 AND id = $2
