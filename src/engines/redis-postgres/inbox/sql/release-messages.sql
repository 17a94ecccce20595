-- Ends the hold on messages (migrations/0017-inbox-quarantine.sql says how). Parameters: inbox, lease, now, ids (null = all
-- that the lease holds), available from (null = at once), max leases. Returns those that were held, and which of
-- them are quarantined now.
SELECT id, type, quarantined FROM release_messages($1, $2, $3, $4, $5, $6)
