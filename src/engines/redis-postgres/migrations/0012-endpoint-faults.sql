-- The embedded engine's 0006 says what it is for.
ALTER TABLE endpoints ADD COLUMN last_fault text;
