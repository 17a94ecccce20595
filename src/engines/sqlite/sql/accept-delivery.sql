-- Writes one new delivery. Parameters: id, organization, event, endpoint, event type, status, due at (null when final),
-- created at. Costs a row and three index entries, a fourth while it waits.
INSERT INTO deliveries
  (id, organization_id, event_id, endpoint_id, event_type, status, attempts, failures, due_at, created_at, updated_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, 0, ?7, ?8, ?8)
