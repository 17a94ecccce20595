-- Counts an organization's keys. Parameters: organization. A short range.
SELECT count(*) AS keys FROM api_keys WHERE organization_id = $1
