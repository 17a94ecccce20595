-- Writes a message that was passed over, to be leased later. Parameters: inbox, event, event type. A message that has
-- a state already keeps it.
INSERT INTO inbox_messages (inbox_id, event_id, event_type, status, lease_count)
VALUES (?1, ?2, ?3, 'available', 0)
ON CONFLICT (inbox_id, event_id) DO NOTHING
