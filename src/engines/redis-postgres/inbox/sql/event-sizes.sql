-- Reads how many bytes the data of events has (migrations/0003-inbox-lists.sql says how); the data itself stays where it is.
-- Parameters: organization, ids.
SELECT id, octet_length(data) AS bytes FROM event_data($1, $2)
