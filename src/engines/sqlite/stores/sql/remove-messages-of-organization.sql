-- Removes what is left of what an organization's inboxes knew. Parameters: organization. A range an inbox.
DELETE FROM inbox_messages WHERE inbox_id IN (SELECT id FROM inboxes WHERE organization_id = ?1)
