-- Reads ids of an organization's events, oldest first. Parameters: organization, after id, before id, limit. One range.
SELECT id FROM events /*sqlite INDEXED BY events_by_organization */
WHERE organization_id = $1 AND id > $2 AND id < $3
ORDER BY id LIMIT $4
