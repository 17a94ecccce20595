-- Reads an organization's events of one type, newest first. Parameters: organization, type, from which id, before which
-- id, limit, bytes (as in list-events). One range of events_by_type.
SELECT * FROM (
  SELECT *, sum(octet_length(data)) OVER (ORDER BY id DESC) - octet_length(data) AS bytes_before
  FROM (
    SELECT * FROM events
    WHERE organization_id = $1 AND type = $2 AND id >= $3 AND id < $4
    ORDER BY id DESC LIMIT $5
  ) AS event
) AS counted
WHERE bytes_before < $6
ORDER BY id DESC
