-- Removes an organization's rows of jobs. Parameters: organization. One range.
DELETE FROM jobs WHERE organization_id = ?1
