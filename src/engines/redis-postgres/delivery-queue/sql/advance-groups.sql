-- Advances ordering groups (pass_turns, migration 0005). Parameters, one column each: endpoints, groups, final
-- deliveries, whether each blocks its group. Returns the new heads. Costs a few index lookups per group.
SELECT delivery_id, endpoint_id FROM pass_turns($1::uuid[], $2::text[], $3::uuid[], $4::boolean[])
