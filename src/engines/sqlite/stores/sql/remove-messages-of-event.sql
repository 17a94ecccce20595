-- Removes an event's state in every inbox of its organization. Parameters: organization, event. A probe an inbox.
DELETE FROM inbox_messages
WHERE inbox_id IN (SELECT id FROM inboxes WHERE organization_id = ?1) AND event_id = ?2
