-- Reads an inbox. Parameters: organization, name. Costs one index lookup.
SELECT id, organization_id, name, event_types, max_leases, paused, created_at
FROM inboxes WHERE organization_id = $1 AND name = $2
