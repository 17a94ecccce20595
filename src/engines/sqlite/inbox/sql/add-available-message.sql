-- Writes a message that a lease skipped, to be leased later. Parameters: inbox, event, event type. No effect if the
-- message has a row.
INSERT INTO inbox_messages (inbox_id, event_id, event_type, status, lease_count)
VALUES (?1, ?2, ?3, 'available', 0)
ON CONFLICT (inbox_id, event_id) DO NOTHING
