-- Reads the next events of an organization, oldest first, each with its state in an inbox (null = untouched).
-- Parameters: inbox, organization, after event, limit. Costs one range of events_by_organization and a lookup in
-- inbox_messages per event.
SELECT events.id AS event_id, events.type AS event_type, inbox_messages.status, inbox_messages.lease_count,
  inbox_messages.lease_id, inbox_messages.due_at
FROM events INDEXED BY events_by_organization
LEFT JOIN inbox_messages ON inbox_messages.inbox_id = ?1 AND inbox_messages.event_id = events.id
WHERE events.organization_id = ?2 AND events.id > ?3
ORDER BY events.id LIMIT ?4
