-- Reads a page of an organization's deliveries, newest first. Parameters: organization, statuses, from id, before id, type
-- (null = any), limit. One range of deliveries_by_organization a status; a rare type makes them longer.
SELECT delivery.* FROM unnest($2::text[]) AS wanted (status) CROSS JOIN LATERAL (
  SELECT * FROM deliveries
  WHERE (organization_id, deliveries.status, id) >= ($1, wanted.status, $3)
    AND (organization_id, deliveries.status, id) < ($1, wanted.status, $4) AND id >= $3 AND id < $4
    AND ($5::text IS NULL OR event_type = $5)
  ORDER BY organization_id DESC, deliveries.status DESC, id DESC LIMIT $6
) AS delivery
ORDER BY delivery.id DESC LIMIT $6
