-- Reads the server's clock, in ms since the epoch.
SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now
