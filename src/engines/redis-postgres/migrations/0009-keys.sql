-- scopes: JSON. last_used_at: to a minute or so.
ALTER TABLE api_keys ADD COLUMN scopes text NOT NULL DEFAULT '["publish","consume","manage"]', ADD COLUMN last_used_at bigint;

-- One more key, unless the organization has `most` (lock 7470, organization). Returns whether it was written.
CREATE FUNCTION add_api_key(
  key_id uuid, of_organization uuid, of_name text, of_prefix text, of_sha256 text, of_scopes text, at_time bigint,
  until bigint, most integer
) RETURNS boolean
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(7470, hashtext(of_organization::text));
  IF (SELECT count(*) FROM api_keys WHERE organization_id = of_organization) >= most THEN
    RETURN false;
  END IF;
  INSERT INTO api_keys (id, organization_id, name, prefix, sha256, scopes, created_at, expires_at)
  VALUES (key_id, of_organization, of_name, of_prefix, of_sha256, of_scopes, at_time, until);
  RETURN true;
END
$$;
