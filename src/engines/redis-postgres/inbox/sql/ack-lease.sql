-- Acks all that a living lease holds (migrations/0004-inbox-holds.sql says how). Parameters: inbox, lease, now. Returns
-- how many.
SELECT ack_lease($1, $2, $3) AS acknowledged
