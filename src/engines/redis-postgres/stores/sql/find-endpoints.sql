-- Reads endpoints by id. Parameters: ids.
SELECT * FROM endpoints WHERE id = ANY ($1::uuid[])
