-- It was told, unless it was armed meanwhile. Parameters: inbox, until when it was claimed. One row.
UPDATE inbox_notifications SET notify_at = NULL WHERE inbox_id = $1 AND notify_at = $2
