-- Ends the lease of messages (migration 0017). Parameters: inbox, lease, now, ids (null = all of the lease), available
-- from (null = at once), max leases. Returns the messages that the lease held, and which of them are quarantined now.
SELECT id, type, quarantined FROM release_messages($1, $2, $3, $4, $5, $6)
