-- Reads one endpoint, whosever it is. Parameters: id. One probe.
SELECT * FROM endpoints WHERE id = $1
