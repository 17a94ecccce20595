-- Writes who is to be told of an inbox, armed. Parameters: inbox, organization, name of the inbox, URL, secret. One row.
INSERT INTO inbox_notifications (inbox_id, organization_id, inbox_name, url, secret, notify_at) VALUES ($1, $2, $3, $4, $5, 0)
ON CONFLICT (inbox_id) DO UPDATE SET url = excluded.url, secret = excluded.secret, notify_at = 0
