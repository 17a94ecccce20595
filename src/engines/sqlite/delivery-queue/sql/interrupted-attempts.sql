-- Writes an attempt `interrupted` for every delivery that a killed process had leased. This process has
-- the database to itself, so every lease on record is such a one; there are at most as many as were in flight. For
-- start-up, before void-leases. An attempt of that number may be there in a damaged record: no start fails for it.
INSERT INTO attempts (delivery_id, number, started_at, duration_ms, status_code, error, response_excerpt)
SELECT id, attempts, updated_at, 0, NULL, 'interrupted', NULL
FROM deliveries INDEXED BY deliveries_leased
WHERE leased_until IS NOT NULL
ON CONFLICT DO NOTHING
