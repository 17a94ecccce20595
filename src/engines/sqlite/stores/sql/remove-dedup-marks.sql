-- Removes a bounded number of dedup marks that ran out. Parameters: now, limit. One range of dedup_marks_by_expiry.
DELETE FROM dedup_marks WHERE (organization_id, dedup_id) IN (
  SELECT organization_id, dedup_id FROM dedup_marks INDEXED BY dedup_marks_by_expiry
  WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2
)
