-- Reads an event's deliveries that go in an order. Parameters: event. One range.
SELECT id, endpoint_id, order_group FROM deliveries INDEXED BY deliveries_by_event
WHERE event_id = ?1 AND order_group IS NOT NULL
