-- Makes quarantined messages available with a lease count of 0 (migration 0004). Parameters: inbox, ids, now, max
-- leases. Returns those that were quarantined.
SELECT id FROM requeue_messages($1, $2, $3, $4) AS id
