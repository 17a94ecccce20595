-- Writes one new delivery. Parameters: id, organization, event, endpoint, event type, status, due at (null when final,
-- or while it waits in its ordering group), created at, ordering group, origin. No effect if the id exists. Costs a row
-- and three index entries, a fourth while it is due, a fifth in an ordering group.
INSERT INTO deliveries
  (id, organization_id, event_id, endpoint_id, event_type, status, attempts, failures, due_at, created_at, updated_at,
   order_group, origin)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, 0, ?7, ?8, ?8, ?9, ?10)
ON CONFLICT (id) DO NOTHING
