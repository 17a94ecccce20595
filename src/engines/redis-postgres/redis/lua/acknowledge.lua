#!lua flags=allow-oom
-- Acknowledges and deletes entries in one step, so that the stream's length is the backlog. Allowed at maxmemory,
-- because it frees memory. KEYS: stream. ARGV: group, entry ids.
redis.call('XACK', KEYS[1], unpack(ARGV))
return redis.call('XDEL', KEYS[1], unpack(ARGV, 2))
