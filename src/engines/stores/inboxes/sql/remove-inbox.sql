-- Removes an inbox. Parameters: organization, name. Returns its id. What it knows of events goes by remove-inbox-messages.
DELETE FROM inboxes WHERE organization_id = $1 AND name = $2 RETURNING id
