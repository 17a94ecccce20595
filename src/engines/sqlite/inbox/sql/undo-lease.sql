-- Undoes a lease, which is then not counted. Parameters: inbox, ids (JSON array), lease. Costs a lookup per id.
UPDATE inbox_messages SET status = 'available', lease_count = lease_count - 1, lease_id = NULL, due_at = NULL
WHERE inbox_id = ?1 AND event_id IN (SELECT value FROM json_each(?2)) AND lease_id = ?3
