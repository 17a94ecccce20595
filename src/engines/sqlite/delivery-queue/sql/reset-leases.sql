-- Makes deliveries due that a killed process had leased. Parameters: now. Run at start-up.
UPDATE deliveries INDEXED BY deliveries_leased
SET leased_until = NULL, due_at = 0, last_status_code = NULL, last_error = 'interrupted', updated_at = ?1
WHERE leased_until IS NOT NULL
