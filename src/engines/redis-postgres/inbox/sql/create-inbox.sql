-- Creates an inbox (migration 0008). Parameters: id, organization, name, event types (JSON), max leases, paused,
-- cursor, created at, maximum number per organization. Returns the outcome.
SELECT create_inbox($1, $2, $3, $4, $5, $6, $7, $8, $9) AS outcome
