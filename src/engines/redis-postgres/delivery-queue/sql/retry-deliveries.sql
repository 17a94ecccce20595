-- Retries deliveries (retry_deliveries, migration 0006). Parameters: organization, ids, statuses (null = any), now,
-- maximum number of further sendings. Costs one lookup each.
SELECT delivery_id, endpoint_id, retried FROM retry_deliveries($1::uuid, $2::uuid[], $3::text[], $4, $5)
