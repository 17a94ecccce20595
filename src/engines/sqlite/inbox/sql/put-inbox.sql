-- Writes the changeable fields of an inbox. Parameters: id, event types (JSON), max leases, paused. Costs one row.
UPDATE inboxes SET event_types = ?2, max_leases = ?3, paused = ?4 WHERE id = ?1
