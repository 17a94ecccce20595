-- Writes events and their deliveries; see persist_events in migrations 0001 and 0005. Parameters: a column of all events
-- each (id, organization, type, data, dedup id, ordering key, deliver at, created at, traceparent, hops), then a column of
-- all deliveries each (id, which event: its place from 1, endpoint, status, order group), then the lowest id that a
-- delivery of theirs may have. Returns unfinished deliveries whose turn it is. One round trip.
SELECT delivery_id, endpoint_id, at
FROM persist_events(
  $1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::bigint[], $9::text[],
  $10::integer[], $11::uuid[], $12::integer[], $13::uuid[], $14::text[], $15::text[], $16::uuid
)
