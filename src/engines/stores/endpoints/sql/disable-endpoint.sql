-- Stops an active endpoint. Parameters: id, reason, now. Changes nothing when it is not active.
UPDATE endpoints SET status = 'disabled', disabled_reason = $2, updated_at = $3 WHERE id = $1 AND status = 'active'
