-- Requests another sending of a delivery that is due or in flight. Parameters: id, maximum number of requests. Costs
-- one row.
UPDATE deliveries SET further_sends = min(further_sends + 1, ?2) WHERE id = ?1
