-- Reads the secrets of inbox notifications, and keeps others from changing these rows. Parameters: inbox after which to begin,
-- limit. A range of the primary key.
SELECT inbox_id, secret FROM inbox_notifications WHERE inbox_id > $1 ORDER BY inbox_id LIMIT $2 /*postgres FOR UPDATE */
