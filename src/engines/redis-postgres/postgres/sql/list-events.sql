-- Reads an organization's events, newest first. Parameters: organization, from which id, before which id, limit. One range
-- of events_by_organization.
SELECT * FROM events WHERE organization_id = $1 AND id >= $2 AND id < $3 ORDER BY id DESC LIMIT $4
