-- Whether an event is on record. Parameters: organization, id. One probe; its payload is not read.
SELECT 1 AS found FROM events WHERE organization_id = ?1 AND id = ?2
