-- Makes quarantined messages available with a fresh count (migrations/0004-inbox-holds.sql says how). Parameters: inbox,
-- ids, now, max leases. Returns those that were.
SELECT id FROM requeue_messages($1, $2, $3, $4) AS id
