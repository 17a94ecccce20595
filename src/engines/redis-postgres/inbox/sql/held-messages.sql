-- Reads what a living lease holds, oldest first. Parameters: inbox, lease, now. One range of inbox_messages_by_lease.
SELECT event_id AS id FROM inbox_messages
WHERE lease_id = $2 AND inbox_id = $1 AND status = 'leased' AND due_at > $3
ORDER BY event_id
