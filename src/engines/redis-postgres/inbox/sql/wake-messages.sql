-- Wakes messages whose lease or delay ran out (migrations/0017-inbox-quarantine.sql says how). Parameters: inbox, now, max
-- leases, limit. Returns how many, and which of them are quarantined now.
SELECT woken, quarantined_ids, quarantined_types FROM wake_messages($1, $2, $3, $4)
