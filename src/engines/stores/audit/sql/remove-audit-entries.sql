-- Removes the oldest entries. Parameters: before id, limit. One range.
DELETE FROM audit_entries WHERE id IN (SELECT id FROM audit_entries WHERE id < $1 ORDER BY id LIMIT $2)
