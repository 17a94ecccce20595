-- Reads the highest event id, of whatever organization. One probe a partition.
SELECT id FROM events ORDER BY id DESC LIMIT 1
