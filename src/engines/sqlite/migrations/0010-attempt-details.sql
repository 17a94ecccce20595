-- What exactly was wrong with an attempt, in words.
ALTER TABLE attempts ADD COLUMN error_detail TEXT;
