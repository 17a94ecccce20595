-- Takes or renews the lead. KEYS: the lead. ARGV: process, duration in ms. Reads and writes one key. Returns 1 if the
-- process leads, else 0.
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
