-- Gives up the lead, if the process has it. KEYS: the lead. ARGV: process. Reads and removes one key.
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
