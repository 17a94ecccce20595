-- Ends a delivery; see cancel_delivery in migration 0006. Parameters: organization, id, now. One probe.
SELECT endpoint_id, order_group, canceled FROM cancel_delivery($1::uuid, $2::uuid, $3)
