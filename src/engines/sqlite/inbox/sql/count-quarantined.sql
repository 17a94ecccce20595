-- Counts an inbox's quarantined messages, no further than so many. Parameters: inbox, up to. One range of
-- inbox_messages_by_status.
SELECT count(*) AS messages FROM (
  SELECT 1 FROM inbox_messages INDEXED BY inbox_messages_by_status
  WHERE inbox_id = ?1 AND status = 'quarantined' LIMIT ?2
)
