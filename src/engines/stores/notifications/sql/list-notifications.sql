-- Reads whom to tell of which inboxes, in the order of inboxes. Parameters: after which inbox, limit. One range.
SELECT inbox_id, organization_id, inbox_name, url, secret FROM inbox_notifications WHERE inbox_id > $1 ORDER BY inbox_id LIMIT $2
