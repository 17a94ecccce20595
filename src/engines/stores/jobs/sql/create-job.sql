-- Writes a new job. Parameters: the columns in order. A row and an index entry or two.
INSERT INTO jobs (id, organization_id, kind, parameters, status, place, looked_at, made, error, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
