-- Reads which of some event types have the oldest available messages. Parameters: inbox, organization, types, limit.
-- Costs a lookup in inbox_messages_available per type. Starts at the organization's oldest event, because retention
-- removes events before their inbox messages.
SELECT one.type
FROM unnest($3::text[]) AS one (type) CROSS JOIN LATERAL (
  SELECT event_id FROM inbox_messages
  WHERE inbox_id = $1 AND status = 'available'
    AND (event_type, event_id) >= (one.type, (
      SELECT id FROM events WHERE organization_id >= $2 AND organization_id <= $2 ORDER BY organization_id, id LIMIT 1
    ))
    AND event_type <= one.type
  ORDER BY event_type, event_id LIMIT 1
) AS oldest
ORDER BY oldest.event_id LIMIT $4
