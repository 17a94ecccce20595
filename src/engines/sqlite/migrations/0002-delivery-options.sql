-- Limits and wishes of an endpoint beyond where and when, one JSON text (core/delivery/endpoint.ts, DeliveryOptions); since when all
-- of its attempts have failed.
ALTER TABLE endpoints ADD COLUMN options TEXT NOT NULL DEFAULT '{}';
ALTER TABLE endpoints ADD COLUMN failing_since INTEGER;

-- order_group: deliveries of one group are sent one after the other; null = side by side. Of a group one has the turn
-- (order_turns); those behind it are `pending` with neither due_at nor leased_until. further_sends: asked for by hand
-- while one was waiting already. origin: why there is a delivery besides fan-out (`replay`); null = fan-out.
ALTER TABLE deliveries ADD COLUMN order_group TEXT;
ALTER TABLE deliveries ADD COLUMN further_sends INTEGER NOT NULL DEFAULT 0;
ALTER TABLE deliveries ADD COLUMN origin TEXT;
-- Who is next; holds the backlog of ordered endpoints only.
CREATE INDEX deliveries_in_order ON deliveries (endpoint_id, order_group)
  WHERE order_group IS NOT NULL AND status IN ('pending', 'retrying');

-- Which delivery of a group has the turn. blocked: it failed, and its endpoint asks that nothing overtakes it.
CREATE TABLE order_turns (
  endpoint_id TEXT NOT NULL,
  order_group TEXT NOT NULL,
  delivery_id TEXT NOT NULL,
  blocked INTEGER NOT NULL,
  PRIMARY KEY (endpoint_id, order_group)
) STRICT, WITHOUT ROWID;

-- Work that goes on in the background, in bounded steps. parameters: JSON of its kind. place: where the next step begins.
CREATE TABLE jobs (
  id TEXT NOT NULL PRIMARY KEY,
  organization_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  parameters TEXT NOT NULL,
  status TEXT NOT NULL,
  place TEXT,
  looked_at INTEGER NOT NULL,
  made INTEGER NOT NULL,
  error TEXT,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX jobs_by_organization ON jobs (organization_id, id);
CREATE INDEX jobs_unfinished ON jobs (id) WHERE status = 'running';
