-- Reads a page of an endpoint's deliveries, newest first. Parameters: organization, endpoint, statuses, from id, before id,
-- type (null = any), limit. One range of deliveries_by_endpoint a status; a rare type makes them longer.
SELECT delivery.* FROM unnest($3::text[]) AS wanted (status) CROSS JOIN LATERAL (
  SELECT * FROM deliveries
  WHERE organization_id = $1 AND endpoint_id = $2 AND deliveries.status = wanted.status AND id >= $4 AND id < $5
    AND ($6::text IS NULL OR event_type = $6)
  ORDER BY id DESC LIMIT $7
) AS delivery
ORDER BY delivery.id DESC LIMIT $7
