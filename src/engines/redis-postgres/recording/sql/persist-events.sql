-- Writes events and their deliveries (persist_events, migrations 0001 and 0005). Parameters: one column each for all
-- events (id, organization, type, data, dedup id, ordering key, deliver at, created at, traceparent, hops), then one
-- column each for all deliveries (id, index of the event from 1, endpoint, status, ordering group), then the lowest id
-- that a delivery of these events may have. Returns unfinished deliveries that are the head of their group or have
-- none. One round trip.
SELECT delivery_id, endpoint_id, at
FROM persist_events(
  $1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::bigint[], $9::text[],
  $10::integer[], $11::uuid[], $12::integer[], $13::uuid[], $14::text[], $15::text[], $16::uuid
)
