-- Writes one new delivery as claimed. Parameters: id, organization, event, endpoint, event type, status, leased until,
-- created at. No effect if the id exists. Costs a row and four index entries.
INSERT INTO deliveries
  (id, organization_id, event_id, endpoint_id, event_type, status, attempts, failures, leased_until, created_at,
   updated_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, 1, 0, ?7, ?8, ?8)
ON CONFLICT (id) DO NOTHING
