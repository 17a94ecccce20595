-- Removes an event. Parameters: seq. One probe.
DELETE FROM events WHERE seq = ?1
