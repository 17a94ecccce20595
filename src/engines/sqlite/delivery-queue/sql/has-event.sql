-- Reads whether an event is on record. Parameters: organization, id. Costs one index lookup; the payload is not read.
SELECT 1 AS found FROM events WHERE organization_id = ?1 AND id = ?2
