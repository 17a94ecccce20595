-- Reads a page of an organization's entries, newest first. Parameters: organization, from id, before id, limit. One range.
SELECT id, organization_id, action, target, key_id, key_name, fields, request_id, address, created_at
FROM audit_entries INDEXED BY audit_entries_by_organization
WHERE organization_id = ?1 AND id >= ?2 AND id < ?3
ORDER BY id DESC LIMIT ?4
