-- Ends a delivery, whatever it was. Parameters: id, now. One row, up to five index entries.
UPDATE deliveries
SET status = 'canceled', due_at = NULL, leased_until = NULL, further_sends = 0, updated_at = ?2
WHERE id = ?1
