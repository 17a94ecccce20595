-- Lists an inbox's messages of one status (migration 0017). Parameters: inbox, organization, after event, limit, now,
-- max leases, status, bytes. Ends with the row that reaches the byte bound, computed from lengths: later rows are not
-- read.
SELECT * FROM (
  SELECT *, sum(octet_length(data)) OVER (ORDER BY id) - octet_length(data) AS bytes_before
  FROM (
    SELECT id, organization_id, type, data, dedup_id, ordering_key, deliver_at, created_at, traceparent, hops, touched,
      $7::text AS status, lease_count, lease_id,
      leased_until AS due_at
    FROM list_messages_of_status($1, $2, $3, $4, $5, $6, $7)
  ) AS message
) AS counted
WHERE bytes_before < $8
ORDER BY id
