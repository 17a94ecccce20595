-- Reads jobs that are not done, of all organizations. Parameters: limit. One range of an index that holds nothing else.
SELECT * FROM jobs /*sqlite INDEXED BY jobs_unfinished */ WHERE status = 'running' ORDER BY id LIMIT $1
