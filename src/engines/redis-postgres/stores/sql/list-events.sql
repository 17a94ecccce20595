-- Reads an organization's events, newest first. Parameters: organization, from which id, before which id, limit,
-- bytes (ends with the row with which the data come to them: lengths are summed, what comes after is not read). The end
-- of a range of events_by_organization in each day: written so that no other index has this order, or the planner goes
-- through the events of all others where an organization has many. The ids alone once more: which days.
SELECT * FROM (
  SELECT *, sum(octet_length(data)) OVER (ORDER BY organization_id DESC, id DESC) - octet_length(data) AS bytes_before
  FROM (
    SELECT * FROM events
    WHERE (organization_id, id) >= ($1, $2) AND (organization_id, id) < ($1, $3) AND id >= $2 AND id < $3
    ORDER BY organization_id DESC, id DESC LIMIT $4
  ) AS event
) AS counted
WHERE bytes_before < $5
ORDER BY organization_id DESC, id DESC
