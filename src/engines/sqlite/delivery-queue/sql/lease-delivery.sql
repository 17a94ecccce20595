-- Leases a delivery and numbers the attempt. Parameters: id, leased until, now. Costs one row, two index entries.
UPDATE deliveries
SET attempts = attempts + 1, due_at = NULL, leased_until = ?2, updated_at = ?3
WHERE id = ?1
