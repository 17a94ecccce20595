-- Removes an inbox. Parameters: id. remove-inbox-messages removes its messages.
DELETE FROM inboxes WHERE id = ?1
