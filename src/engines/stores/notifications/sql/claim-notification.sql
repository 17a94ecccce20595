-- Takes it on to tell, where it is armed or a teller is late. Parameters: inbox, now, until when. One row.
UPDATE inbox_notifications SET notify_at = $3 WHERE inbox_id = $1 AND notify_at <= $2
