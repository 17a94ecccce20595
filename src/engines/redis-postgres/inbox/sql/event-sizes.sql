-- Reads the size of the data of events in bytes, without reading the data (migration 0003). Parameters: organization,
-- ids.
SELECT id, octet_length(data) AS bytes FROM event_data($1, $2)
