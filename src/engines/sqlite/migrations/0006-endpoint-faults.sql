-- The last unexpected error of the service that was kept to this endpoint: JSON {"at", "message"}; null = none since it was
-- last changed.
ALTER TABLE endpoints ADD COLUMN last_fault TEXT;
