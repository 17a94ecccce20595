-- Acknowledges all messages of an unexpired lease (migration 0004). Parameters: inbox, lease, now. Returns how many.
SELECT ack_lease($1, $2, $3) AS acknowledged
