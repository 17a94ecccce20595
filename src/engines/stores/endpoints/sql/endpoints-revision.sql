-- Tells whether any endpoint of an organization was made, changed or removed, by comparing. Parameters: organization. At most
-- MAX_ENDPOINTS_PER_ORGANIZATION rows are read, none is sent.
SELECT count(*) || '-' || coalesce(sum(updated_at), 0) || '-' || coalesce(max(id/*postgres ::text */), '') AS revision
FROM endpoints WHERE organization_id = $1
