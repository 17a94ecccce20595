-- Counts waiting and leased deliveries over the partial indexes that hold nothing else. Run at start-up; afterwards the
-- number is kept in memory.
SELECT
  (SELECT count(*) FROM deliveries INDEXED BY deliveries_waiting WHERE due_at IS NOT NULL)
  + (SELECT count(*) FROM deliveries INDEXED BY deliveries_leased WHERE leased_until IS NOT NULL)
  + (SELECT count(*) FROM deliveries INDEXED BY deliveries_in_order
     WHERE order_group IS NOT NULL AND status IN ('pending', 'retrying') AND due_at IS NULL AND leased_until IS NULL)
  AS waiting
