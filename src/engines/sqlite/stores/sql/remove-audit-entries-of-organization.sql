-- Removes an organization's rows of audit_entries. Parameters: organization. One range.
DELETE FROM audit_entries WHERE organization_id = ?1
