-- Cancels a delivery (cancel_delivery, migration 0006). Parameters: organization, id, now. Costs one index lookup.
SELECT endpoint_id, order_group, canceled FROM cancel_delivery($1::uuid, $2::uuid, $3)
