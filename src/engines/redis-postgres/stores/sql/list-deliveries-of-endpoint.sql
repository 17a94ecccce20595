-- Reads a page of an endpoint's deliveries, newest first. Parameters: organization, endpoint, statuses, from id, before id,
-- type (null = any), limit. One range of deliveries_by_endpoint a status; a rare type makes them longer.
SELECT delivery.* FROM unnest($3::text[]) AS wanted (status) CROSS JOIN LATERAL (
  SELECT * FROM deliveries
  WHERE (organization_id = $1) IS TRUE AND (endpoint_id, deliveries.status, id) >= ($2, wanted.status, $4)
    AND (endpoint_id, deliveries.status, id) < ($2, wanted.status, $5) AND id >= $4 AND id < $5
    AND ($6::text IS NULL OR event_type = $6)
  ORDER BY endpoint_id DESC, deliveries.status DESC, id DESC LIMIT $7
) AS delivery
ORDER BY delivery.id DESC LIMIT $7
