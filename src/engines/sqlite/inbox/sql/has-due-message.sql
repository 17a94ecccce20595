-- Reads whether a lease or a delay ran out in an inbox. Parameters: inbox, now. One probe of inbox_messages_due.
SELECT 1 FROM inbox_messages INDEXED BY inbox_messages_due WHERE inbox_id = ?1 AND due_at <= ?2 LIMIT 1
