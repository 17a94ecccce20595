-- Reads one endpoint of an organization and keeps others from changing it, to the end of the transaction. Parameters:
-- organization, id. One probe.
SELECT * FROM endpoints WHERE id = $2 AND organization_id = $1 /*postgres FOR UPDATE */
