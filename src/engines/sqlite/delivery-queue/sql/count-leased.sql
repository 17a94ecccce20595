-- Counts a lane's leased deliveries. Parameters: endpoint, now. Costs one range of deliveries_leased, as long as the
-- lane's concurrency.
SELECT count(*) AS leased FROM deliveries INDEXED BY deliveries_leased
WHERE endpoint_id = ?1 AND leased_until > ?2
