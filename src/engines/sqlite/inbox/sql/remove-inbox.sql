-- Removes an inbox. Parameters: id. What it knows of events goes by remove-inbox-messages.
DELETE FROM inboxes WHERE id = ?1
