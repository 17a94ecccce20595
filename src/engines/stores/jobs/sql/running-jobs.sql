-- Reads the oldest running job of each organization, by organization. Parameters: after organization, limit, a list of ids to
-- leave out. Two probes of jobs_running for each organization.
WITH RECURSIVE owners (organization_id, place) AS (
  SELECT (SELECT organization_id FROM jobs /*sqlite INDEXED BY jobs_running */
          WHERE status = 'running' AND organization_id > $1
            AND id /*sqlite NOT IN (SELECT value FROM json_each($3)) *//*postgres <> ALL ($3::uuid[]) */
          ORDER BY organization_id LIMIT 1), 1
  UNION ALL
  SELECT (SELECT jobs.organization_id FROM jobs /*sqlite INDEXED BY jobs_running */
          WHERE status = 'running' AND jobs.organization_id > owners.organization_id
            AND id /*sqlite NOT IN (SELECT value FROM json_each($3)) *//*postgres <> ALL ($3::uuid[]) */
          ORDER BY jobs.organization_id LIMIT 1), place + 1
  FROM owners WHERE organization_id IS NOT NULL AND place < $2
)
SELECT jobs.* FROM owners /*sqlite CROSS */ JOIN jobs ON jobs.id = (
  SELECT one.id FROM jobs AS one /*sqlite INDEXED BY jobs_running */
  WHERE status = 'running' AND one.organization_id = owners.organization_id
    AND id /*sqlite NOT IN (SELECT value FROM json_each($3)) *//*postgres <> ALL ($3::uuid[]) */
  ORDER BY one.id LIMIT 1
)
/*postgres ORDER BY jobs.organization_id */
