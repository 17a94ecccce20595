-- Counts the waiting deliveries and those in an attempt, over the two partial indexes that hold nothing else. For
-- start-up: afterwards the number is kept in memory.
SELECT
  (SELECT count(*) FROM deliveries INDEXED BY deliveries_waiting WHERE due_at IS NOT NULL)
  + (SELECT count(*) FROM deliveries INDEXED BY deliveries_leased WHERE leased_until IS NOT NULL) AS waiting
