-- Notes an unexpected error with an endpoint. Parameters: id, JSON of the fault. One row.
UPDATE endpoints SET last_fault = $2 WHERE id = $1
