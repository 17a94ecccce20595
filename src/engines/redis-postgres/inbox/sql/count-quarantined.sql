-- Counts the quarantined messages of inboxes (migrations/0017-inbox-quarantine.sql says how). Parameters: organization,
-- inboxes, their max leases, now, up to.
SELECT id, messages FROM count_quarantined($1, $2, $3, $4, $5)
