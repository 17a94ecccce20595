-- Removes the attempts of an event's deliveries. Parameters: event. One range, then one a delivery.
DELETE FROM attempts
WHERE delivery_id IN (SELECT id FROM deliveries INDEXED BY deliveries_by_event WHERE event_id = ?1)
