-- Reads an organization's events, newest first. Parameters: organization, from which id, before which id, limit. The end
-- of a range of events_by_organization in each day: written so that no other index has this order, or the planner goes
-- through the events of all others where an organization has many. The ids alone once more: which days.
SELECT * FROM events
WHERE (organization_id, id) >= ($1, $2) AND (organization_id, id) < ($1, $3) AND id >= $2 AND id < $3
ORDER BY organization_id DESC, id DESC LIMIT $4
