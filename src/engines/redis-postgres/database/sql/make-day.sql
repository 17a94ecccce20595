-- Creates the partitions of a day (make_day, migration 0001). Parameters: day (20261124), from id, before id.
SELECT make_day($1, $2, $3)
