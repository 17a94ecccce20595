-- Acks events by id, touched or not (migrations/0004-inbox-holds.sql says how). Parameters: inbox, organization, ids,
-- each once, lease (null = whoever holds them), now. Returns one row: how many are acked now, the ids that the
-- organization has no event for, those that the lease does not hold.
SELECT acknowledged, not_found, stale FROM ack_messages($1, $2, $3, $4, $5)
