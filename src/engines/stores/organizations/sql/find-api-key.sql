-- Reads a key by its hash, with its organization unless that is deleted. Parameters: SHA-256 in hex. Two probes.
SELECT api_keys.*, organizations.name AS organization_name, organizations.tier AS organization_tier,
  organizations.created_at AS organization_created_at
FROM api_keys JOIN organizations ON organizations.id = api_keys.organization_id
WHERE api_keys.sha256 = $1 AND organizations.deleted_at IS NULL
