-- Reads the state of given events in an inbox. Parameters: inbox, organization, ids (JSON array). Returns one row per
-- id; event_type is null when the organization has no such event, status when the inbox has no row for it. Costs two
-- lookups per id.
SELECT wanted.value AS event_id, events.type AS event_type, inbox_messages.status, inbox_messages.lease_id,
  inbox_messages.due_at
FROM json_each(?3) AS wanted
LEFT JOIN events ON events.organization_id = ?2 AND events.id = wanted.value
LEFT JOIN inbox_messages ON inbox_messages.inbox_id = ?1 AND inbox_messages.event_id = wanted.value
