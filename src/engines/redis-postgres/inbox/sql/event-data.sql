-- Reads the data of events (migration 0003). Parameters: organization, ids.
SELECT id, data FROM event_data($1, $2)
