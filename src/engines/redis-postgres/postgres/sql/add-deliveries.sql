-- Writes deliveries of events that are on record; see add_deliveries in migration 0006. Parameters, a column each: ids,
-- organizations, events, types, endpoints, order groups, due at; then now.
SELECT delivery_id, endpoint_id, at
FROM add_deliveries($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::uuid[], $6::text[], $7::bigint[], $8)
