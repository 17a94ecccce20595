-- Reads the messages of an unexpired lease, oldest first. Parameters: inbox, lease, now. Costs one range of
-- inbox_messages_by_lease.
SELECT event_id AS id FROM inbox_messages
WHERE lease_id = $2 AND inbox_id = $1 AND status = 'leased' AND due_at > $3
ORDER BY event_id
