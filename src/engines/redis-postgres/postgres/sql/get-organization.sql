-- Reads an organization. Parameters: id.
SELECT * FROM organizations WHERE id = $1
