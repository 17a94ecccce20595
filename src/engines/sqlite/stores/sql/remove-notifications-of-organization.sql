-- Removes an organization's rows of inbox_notifications. Parameters: organization. One range.
DELETE FROM inbox_notifications INDEXED BY inbox_notifications_by_organization WHERE organization_id = ?1
