-- Ends the hold on messages: available again, at once or later, or quarantined when they had their leases. Parameters:
-- inbox, ids (JSON array), available from (null = at once), max leases. A probe an id.
UPDATE inbox_messages
SET status = CASE WHEN lease_count >= ?4 THEN 'quarantined' WHEN ?3 IS NULL THEN 'available' ELSE 'delayed' END,
    due_at = CASE WHEN lease_count >= ?4 THEN NULL ELSE ?3 END,
    lease_id = NULL
WHERE inbox_id = ?1 AND event_id IN (SELECT value FROM json_each(?2))
