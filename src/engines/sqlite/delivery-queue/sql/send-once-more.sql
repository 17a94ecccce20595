-- Asks for another sending of a delivery that is under way already. Parameters: id, how many at most. One row.
UPDATE deliveries SET further_sends = min(further_sends + 1, ?2) WHERE id = ?1
