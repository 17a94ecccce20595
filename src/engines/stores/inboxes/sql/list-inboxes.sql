-- Reads an organization's inboxes, by name. Parameters: organization. At most MAX_INBOXES_PER_ORGANIZATION.
SELECT id, organization_id, name, event_types, max_leases, paused, created_at
FROM inboxes WHERE organization_id = $1
ORDER BY name /*postgres COLLATE "C" */
