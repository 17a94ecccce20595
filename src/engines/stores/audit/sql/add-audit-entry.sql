-- Writes an entry; once, however often. Parameters: the columns in order. A row and an index entry.
INSERT INTO audit_entries
  (id, organization_id, action, target, key_id, key_name, fields, request_id, address, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT DO NOTHING
