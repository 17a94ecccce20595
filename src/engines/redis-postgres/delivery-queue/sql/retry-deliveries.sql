-- Lets deliveries begin anew; see retry_deliveries in migration 0006. Parameters: organization, ids, statuses (null = any),
-- now, further sendings at most. One probe each.
SELECT delivery_id, endpoint_id, retried FROM retry_deliveries($1::uuid, $2::uuid[], $3::text[], $4, $5)
