-- Reads an organization's events above an id, oldest first. Parameters: organization, after which id, limit, bytes (as in
-- list-events). The beginning of a range of events_by_organization in each day from there on; written as list-events is.
SELECT * FROM (
  SELECT *, sum(octet_length(data)) OVER (ORDER BY organization_id, id) - octet_length(data) AS bytes_before
  FROM (
    SELECT * FROM events
    WHERE (organization_id, id) > ($1, $2) AND (organization_id, id) <= ($1, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
      AND id > $2
    ORDER BY organization_id, id LIMIT $3
  ) AS event
) AS counted
WHERE bytes_before < $4
ORDER BY organization_id, id
