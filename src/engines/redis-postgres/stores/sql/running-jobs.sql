-- Reads the oldest running job of each organization, by organization. Parameters: after organization, limit, ids to leave out.
-- Two probes of jobs_running for each organization.
WITH RECURSIVE owners (organization_id, place) AS (
  SELECT (SELECT organization_id FROM jobs
          WHERE status = 'running' AND organization_id > $1 AND id <> ALL ($3::uuid[])
          ORDER BY organization_id LIMIT 1), 1
  UNION ALL
  SELECT (SELECT jobs.organization_id FROM jobs
          WHERE status = 'running' AND jobs.organization_id > owners.organization_id AND id <> ALL ($3::uuid[])
          ORDER BY jobs.organization_id LIMIT 1), place + 1
  FROM owners WHERE organization_id IS NOT NULL AND place < $2
)
SELECT one.* FROM owners CROSS JOIN LATERAL (
  SELECT * FROM jobs
  WHERE status = 'running' AND jobs.organization_id = owners.organization_id AND id <> ALL ($3::uuid[])
  ORDER BY id LIMIT 1
) AS one
ORDER BY one.organization_id
