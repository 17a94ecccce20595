-- Reads whom an organization wants to be told. Parameters: organization. One range.
SELECT inbox_id, organization_id, inbox_name, url, secret
FROM inbox_notifications /*sqlite INDEXED BY inbox_notifications_by_organization */
WHERE organization_id = $1
