-- Counts the endpoints of an organization. Parameters: organization. At most MAX_ENDPOINTS_PER_ORGANIZATION index entries.
SELECT count(*) AS endpoints FROM endpoints WHERE organization_id = $1
