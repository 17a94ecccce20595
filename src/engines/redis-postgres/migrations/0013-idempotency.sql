-- The embedded engine's 0007 says what each column is for.
CREATE TABLE idempotency_keys (
  organization_id uuid NOT NULL,
  key_sha256 text NOT NULL,
  fingerprint text NOT NULL,
  holder text NOT NULL,
  started_at bigint NOT NULL,
  status integer,
  answer text,
  PRIMARY KEY (organization_id, key_sha256)
);
CREATE INDEX idempotency_keys_by_organization ON idempotency_keys (organization_id, started_at);
CREATE INDEX idempotency_keys_by_start ON idempotency_keys (started_at);
