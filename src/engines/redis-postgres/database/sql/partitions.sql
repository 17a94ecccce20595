-- Reads the partitions of the three tables with partitions by day, oldest first. Reads the catalog only.
SELECT parent.relname AS parent, child.relname AS name
FROM pg_inherits
JOIN pg_class AS child ON child.oid = pg_inherits.inhrelid
JOIN pg_class AS parent ON parent.oid = pg_inherits.inhparent
WHERE parent.relname IN ('events', 'deliveries', 'attempts')
  AND parent.relnamespace = current_schema()::regnamespace AND parent.relkind = 'p'
ORDER BY child.relname
