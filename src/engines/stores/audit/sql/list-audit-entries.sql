-- Reads a page of an organization's entries, newest first. Parameters: organization, from id, before id, limit. One range.
SELECT * FROM audit_entries /*sqlite INDEXED BY audit_entries_by_organization */
WHERE organization_id = $1 AND id >= $2 AND id < $3
ORDER BY id DESC LIMIT $4
