-- Acknowledges events by id, with or without a row (migration 0004). Parameters: inbox, organization, ids (unique),
-- lease (null = any), now. Returns one row: the number acknowledged, the ids without an event of the organization, and
-- those that the lease does not hold.
SELECT acknowledged, not_found, stale FROM ack_messages($1, $2, $3, $4, $5)
