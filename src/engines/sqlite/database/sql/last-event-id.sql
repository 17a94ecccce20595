-- Reads the highest event id on record: skips from organization to organization over events_by_organization, one lookup
-- each. Run at start-up.
WITH RECURSIVE organization (id) AS (
  SELECT min(organization_id) FROM events
  UNION ALL
  SELECT (SELECT min(e.organization_id) FROM events e WHERE e.organization_id > organization.id)
  FROM organization WHERE organization.id IS NOT NULL
)
SELECT max((SELECT max(e.id) FROM events e WHERE e.organization_id = organization.id)) AS id
FROM organization WHERE organization.id IS NOT NULL
