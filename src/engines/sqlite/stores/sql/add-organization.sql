-- Writes an organization. Parameters: id, name, tier, created at. Changes nothing when it is there.
INSERT INTO organizations (id, name, tier, created_at) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING
