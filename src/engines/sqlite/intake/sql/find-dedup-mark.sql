-- Reads an unexpired dedup mark. Parameters: organization, dedup id, now. Costs one index lookup.
SELECT event_id, created_at FROM dedup_marks
WHERE organization_id = ?1 AND dedup_id = ?2 AND expires_at > ?3
