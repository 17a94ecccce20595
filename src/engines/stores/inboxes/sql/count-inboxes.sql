-- Counts an organization's inboxes. Parameters: organization. At most MAX_INBOXES_PER_ORGANIZATION index entries.
SELECT count(*) AS inboxes FROM inboxes WHERE organization_id = $1
