-- Removes an event's deliveries. Parameters: event. One range.
DELETE FROM deliveries INDEXED BY deliveries_by_event WHERE event_id = ?1
