-- Sets a new end of the hold on messages (migrations/0004-inbox-holds.sql says how). Parameters: inbox, lease, now, ids
-- (null = all that the lease holds), until. Returns the ids that were held.
SELECT id FROM extend_messages($1, $2, $3, $4, $5) AS id
