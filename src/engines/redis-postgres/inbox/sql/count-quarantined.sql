-- Counts the quarantined messages of inboxes (migration 0017). Parameters: organization, inboxes, their max leases,
-- now, limit.
SELECT id, messages FROM count_quarantined($1, $2, $3, $4, $5)
