-- Passes turns on; see pass_turns in migration 0005. Parameters, a column each: endpoints, groups, deliveries that are done,
-- whether each blocks its group. Returns the deliveries whose turn it is now. A few probes each.
SELECT delivery_id, endpoint_id FROM pass_turns($1::uuid[], $2::text[], $3::uuid[], $4::boolean[])
