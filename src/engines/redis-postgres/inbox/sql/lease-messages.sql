-- Leases available messages (migration 0002, latest version in 0018). Parameters: inbox, organization, lease, now,
-- until, max leases, limit, wanted types (null = all), skipped types, types that the inbox does not want, wanted types
-- of messages with a row (null = all). Returns the events, with `data` null where event-data must read it, and finally
-- a row without an id that lists newly quarantined messages.
SELECT id, organization_id, type, data, dedup_id, ordering_key, deliver_at, created_at, traceparent, hops, lease_count,
  more, quarantined_ids, quarantined_types
FROM lease_messages($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
