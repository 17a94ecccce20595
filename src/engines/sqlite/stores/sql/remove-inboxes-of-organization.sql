-- Removes an organization's rows of inboxes. Parameters: organization. One range.
DELETE FROM inboxes WHERE organization_id = ?1
