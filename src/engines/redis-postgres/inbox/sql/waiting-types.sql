-- Reads which event types a lease may meet (migrations/0003-inbox-lists.sql says how). Parameters: inbox, organization,
-- now, ranges' first types, the types that end them (not included), types a range, messages to wake, events.
SELECT type FROM waiting_types($1, $2, $3, $4, $5, $6, $7, $8)
