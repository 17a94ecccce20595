-- First answers of requests with an Idempotency-Key (ports/store/idempotency-store.ts). organization_id: all zeros for the
-- administrator. status and answer: null = it runs, or its process died. holder: the try that has it.
CREATE TABLE idempotency_keys (
  organization_id TEXT NOT NULL,
  key_sha256 TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  holder TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  status INTEGER,
  answer TEXT,
  PRIMARY KEY (organization_id, key_sha256)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_keys_by_organization ON idempotency_keys (organization_id, started_at);
CREATE INDEX idempotency_keys_by_start ON idempotency_keys (started_at);
