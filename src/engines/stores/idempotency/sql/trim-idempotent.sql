-- Removes an organization's oldest keys beyond a number. Parameters: organization, number. One range of the index, as long
-- as the number.
DELETE FROM idempotency_keys
WHERE organization_id = $1
  AND started_at <= (
    SELECT started_at FROM idempotency_keys /*sqlite INDEXED BY idempotency_keys_by_organization */
    WHERE organization_id = $1 ORDER BY started_at DESC LIMIT 1 OFFSET $2
  )
