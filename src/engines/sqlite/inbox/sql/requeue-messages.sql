-- Makes quarantined messages available with a lease count of 0. Parameters: inbox, ids (JSON array). Returns those that
-- were quarantined.
UPDATE inbox_messages SET status = 'available', lease_count = 0
WHERE inbox_id = ?1 AND event_id IN (SELECT value FROM json_each(?2)) AND status = 'quarantined'
RETURNING event_id
