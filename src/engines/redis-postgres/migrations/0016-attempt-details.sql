-- What exactly was wrong with an attempt, in words. Without a default, so no row is written anew.
ALTER TABLE attempts ADD COLUMN error_detail text;
