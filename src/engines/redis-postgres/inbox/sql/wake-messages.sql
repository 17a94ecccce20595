-- Makes messages with an expired lease or delay available or quarantined (migration 0017). Parameters: inbox, now, max
-- leases, limit. Returns how many, and which of them are quarantined now.
SELECT woken, quarantined_ids, quarantined_types FROM wake_messages($1, $2, $3, $4)
