-- Takes a key that is free: never used, expired, abandoned by the same request, or this try's own. Parameters:
-- organization, key, fingerprint, holder, now, expired before, abandoned before. Changes one row, or none where it is not
-- free.
INSERT INTO idempotency_keys AS kept (organization_id, key_sha256, fingerprint, holder, started_at)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (organization_id, key_sha256) DO UPDATE
SET fingerprint = excluded.fingerprint, holder = excluded.holder, started_at = excluded.started_at,
  status = NULL, answer = NULL
WHERE kept.started_at < $6
  OR kept.holder = excluded.holder
  OR (kept.status IS NULL AND kept.fingerprint = excluded.fingerprint AND kept.started_at < $7)
