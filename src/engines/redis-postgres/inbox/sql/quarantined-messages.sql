-- Reads the next quarantined messages, oldest first (migration 0017). Parameters: inbox, organization, after event,
-- before event, limit.
SELECT id, type FROM quarantined_messages($1, $2, $3, $4, $5)
