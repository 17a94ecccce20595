-- The next message is news. Parameters: inbox. One row.
UPDATE inbox_notifications SET notify_at = 0 WHERE inbox_id = $1 AND (notify_at IS NULL OR notify_at <> 0)
