-- Drops the partitions of a day (drop_day, migration 0001). Parameters: day (20261124), from id, before id. Returns
-- whether they were dropped.
SELECT drop_day($1, $2, $3) AS gone
