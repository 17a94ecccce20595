-- Reads the event types that a lease may meet (migration 0003). Parameters: inbox, organization, now, first types of
-- the ranges, types that end them (exclusive), types per range, messages to wake, events.
SELECT type FROM waiting_types($1, $2, $3, $4, $5, $6, $7, $8)
