-- Counts an organization's inboxes. Parameters: organization. A short range.
SELECT count(*) AS inboxes FROM inboxes WHERE organization_id = ?1
