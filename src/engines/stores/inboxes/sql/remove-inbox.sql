-- Removes an inbox. Parameters: organization, name. Returns its id. remove-inbox-messages removes its messages.
DELETE FROM inboxes WHERE organization_id = $1 AND name = $2
RETURNING id
