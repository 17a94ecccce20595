-- Ends the lease of messages: they become available, at once or later, or quarantined when they have had all their
-- leases. Parameters: inbox, ids (JSON array), available from (null = at once), max leases. Costs a lookup per id.
UPDATE inbox_messages
SET status = CASE WHEN lease_count >= ?4 THEN 'quarantined' WHEN ?3 IS NULL THEN 'available' ELSE 'delayed' END,
    due_at = CASE WHEN lease_count >= ?4 THEN NULL ELSE ?3 END,
    lease_id = NULL
WHERE inbox_id = ?1 AND event_id IN (SELECT value FROM json_each(?2))
