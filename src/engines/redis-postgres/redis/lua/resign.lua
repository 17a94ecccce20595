-- Gives the lead up, if it is one's own. KEYS: the lead. ARGV: who. Reads and removes one key.
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
