-- Leases available messages (migrations/0002-inbox-leases.sql says how, 0018 the newest form). Parameters: inbox, organization, lease, now,
-- until, max leases, limit, types wanted (null = all), types passed over, types the inbox does not want,
-- types wanted of messages that have a row (null = all). Returns the
-- events, `data` null where it is to be read by event-data, and last a row without an id, with what became quarantined.
SELECT id, organization_id, type, data, dedup_id, ordering_key, deliver_at, created_at, traceparent, hops, lease_count,
  more, quarantined_ids, quarantined_types
FROM lease_messages($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
