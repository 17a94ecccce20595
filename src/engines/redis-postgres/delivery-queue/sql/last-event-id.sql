-- Reads the highest event id over all organizations. Costs one lookup per partition.
SELECT id FROM events ORDER BY id DESC LIMIT 1
