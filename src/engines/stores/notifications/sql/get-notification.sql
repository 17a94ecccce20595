-- Reads who is to be told of an inbox. Parameters: inbox. One probe.
SELECT inbox_id, organization_id, inbox_name, url, secret FROM inbox_notifications WHERE inbox_id = $1
