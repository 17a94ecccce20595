-- Whether an unfinished delivery belongs to events of a range, or is of the range itself. Parameters: from id, before id.
-- A look at all that is unfinished, in deliveries_unfinished.
SELECT EXISTS (
  SELECT FROM deliveries
  WHERE (due_at IS NOT NULL OR leased_until IS NOT NULL)
    AND ((event_id >= $1 AND event_id < $2) OR (id >= $1 AND id < $2))
) AS waits
