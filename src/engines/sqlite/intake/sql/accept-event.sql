-- Writes one event. Parameters: id, organization, type, data, dedup id, ordering key, deliver at, created at,
-- traceparent, hops. No effect if the event exists. Costs an append and two index entries.
INSERT INTO events
  (id, organization_id, type, data, dedup_id, ordering_key, deliver_at, created_at, traceparent, hops)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
ON CONFLICT (organization_id, id) DO NOTHING
