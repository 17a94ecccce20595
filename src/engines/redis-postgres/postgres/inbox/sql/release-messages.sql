-- Ends the hold on messages (migrations/0004-inbox-holds.sql says how). Parameters: inbox, lease, now, ids (null = all
-- that the lease holds), available from (null = at once), max leases. Returns the ids that were held.
SELECT id FROM release_messages($1, $2, $3, $4, $5, $6) AS id
