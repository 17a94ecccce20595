-- Writes an attempt `interrupted` for every leased delivery. Run at start-up before reset-leases: this process owns the
-- database, so every lease is one of a killed process; there are at most as many as were in flight. In a damaged record
-- an attempt of that number may exist, which must not prevent the start.
INSERT INTO attempts (delivery_id, number, started_at, duration_ms, status_code, error, response_excerpt)
SELECT id, attempts, updated_at, 0, NULL, 'interrupted', NULL
FROM deliveries INDEXED BY deliveries_leased
WHERE leased_until IS NOT NULL
ON CONFLICT DO NOTHING
