-- Extends the lease of messages (migration 0004). Parameters: inbox, lease, now, ids (null = all of the lease), until.
-- Returns the ids that the lease held.
SELECT id FROM extend_messages($1, $2, $3, $4, $5) AS id
