-- Leases a message. Parameters: inbox, event, event type, lease, until. Costs five index entries.
INSERT INTO inbox_messages (inbox_id, event_id, event_type, status, lease_count, lease_id, due_at)
VALUES (?1, ?2, ?3, 'leased', 1, ?4, ?5)
ON CONFLICT (inbox_id, event_id) DO UPDATE
SET status = 'leased', lease_count = lease_count + 1, lease_id = excluded.lease_id, due_at = excluded.due_at
