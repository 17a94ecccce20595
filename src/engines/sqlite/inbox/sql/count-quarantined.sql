-- Counts an inbox's quarantined messages up to a limit. Parameters: inbox, limit. Costs one range of
-- inbox_messages_by_status.
SELECT count(*) AS messages FROM (
  SELECT 1 FROM inbox_messages INDEXED BY inbox_messages_by_status
  WHERE inbox_id = ?1 AND status = 'quarantined' LIMIT ?2
)
