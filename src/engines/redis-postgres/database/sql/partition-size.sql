-- Reads the planner's estimate of a table's rows. Parameters: name. Reads the catalog only.
SELECT greatest(0, reltuples)::bigint AS rows FROM pg_class WHERE oid = to_regclass($1::text)
