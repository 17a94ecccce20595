-- Drops the partitions of a day; see drop_day in migration 0001. Parameters: day (20261124), from id, before id. Returns
-- whether it is gone.
SELECT drop_day($1, $2, $3) AS gone
