-- Nobody is to be told of an inbox any more. Parameters: inbox. One row.
DELETE FROM inbox_notifications WHERE inbox_id = $1
