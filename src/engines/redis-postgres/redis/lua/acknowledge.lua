#!lua flags=allow-oom
-- Entries leave a stream: acknowledged and deleted in one step, so that the stream's length is what waits. Under
-- maxmemory too: this is what makes room. KEYS: stream. ARGV: group, entry ids.
redis.call('XACK', KEYS[1], unpack(ARGV))
return redis.call('XDEL', KEYS[1], unpack(ARGV, 2))
