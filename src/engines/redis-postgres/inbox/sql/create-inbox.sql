-- Writes a new inbox (migrations/0008-inboxes.sql says how). Parameters: id, organization, name, event types (JSON), max
-- leases, paused, cursor, created at, how many an organization may have. Returns what became of it.
SELECT create_inbox($1, $2, $3, $4, $5, $6, $7, $8, $9) AS outcome
