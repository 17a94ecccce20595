-- Reads the data of events (migrations/0003-inbox-lists.sql says how). Parameters: organization, ids.
SELECT id, data FROM event_data($1, $2)
