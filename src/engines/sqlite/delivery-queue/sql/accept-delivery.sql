-- Writes one new delivery. Parameters: id, organization, event, endpoint, event type, status, due at (null when final, or
-- while it waits for its turn), created at, order group, origin. Changes nothing when it is there. Costs a row and three
-- index entries, a fourth while it is due, a fifth in an order.
INSERT INTO deliveries
  (id, organization_id, event_id, endpoint_id, event_type, status, attempts, failures, due_at, created_at, updated_at,
   order_group, origin)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, 0, ?7, ?8, ?8, ?9, ?10)
ON CONFLICT (id) DO NOTHING
