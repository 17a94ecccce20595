-- Reads whether a lease or a delay has expired in an inbox. Parameters: inbox, now. Costs one lookup in
-- inbox_messages_due.
SELECT 1 FROM inbox_messages INDEXED BY inbox_messages_due WHERE inbox_id = ?1 AND due_at <= ?2 LIMIT 1
