-- Reads the oldest running job of each organization, by organization. Parameters: after organization, limit, ids to leave out
-- (JSON array). Two probes of jobs_running for each organization.
WITH RECURSIVE owners (organization_id, place) AS (
  SELECT (SELECT organization_id FROM jobs INDEXED BY jobs_running
          WHERE status = 'running' AND organization_id > ?1 AND id NOT IN (SELECT value FROM json_each(?3))
          ORDER BY organization_id LIMIT 1), 1
  UNION ALL
  SELECT (SELECT organization_id FROM jobs INDEXED BY jobs_running
          WHERE status = 'running' AND organization_id > owners.organization_id
            AND id NOT IN (SELECT value FROM json_each(?3))
          ORDER BY organization_id LIMIT 1), place + 1
  FROM owners WHERE organization_id IS NOT NULL AND place < ?2
)
SELECT jobs.id, jobs.organization_id, kind, parameters, status, jobs.place, looked_at, made, error, created_at, updated_at
FROM owners CROSS JOIN jobs ON jobs.id = (
  SELECT id FROM jobs AS one INDEXED BY jobs_running
  WHERE status = 'running' AND one.organization_id = owners.organization_id
    AND id NOT IN (SELECT value FROM json_each(?3))
  ORDER BY id LIMIT 1
)
