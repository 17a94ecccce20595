-- Extends the lease of messages. Parameters: inbox, ids (JSON array), until. Costs a lookup per id.
UPDATE inbox_messages SET due_at = ?3
WHERE inbox_id = ?1 AND event_id IN (SELECT value FROM json_each(?2))
