-- Writes an organization. Parameters: id, name, tier, created at. Returns its id; nothing when it is there.
INSERT INTO organizations (id, name, tier, created_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING RETURNING id
