#!lua flags=allow-oom
-- Takes away the consumers of a group that hold nothing and have not been heard of for long. In one step: one that came back
-- between a look and its removal would lose what it had just been given. KEYS: stream. ARGV: group, a consumer to keep, how
-- long (ms). Returns how many went. Costs a look at each consumer.
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
local consumers = redis.pcall('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])
-- Without the group there are none.
if consumers.err then return 0 end
local gone = 0
for _, words in ipairs(consumers) do
  local consumer = {}
  for at = 1, #words, 2 do consumer[words[at]] = words[at + 1] end
  if consumer.name ~= ARGV[2] and consumer.pending == 0 and consumer.idle > tonumber(ARGV[3]) then
    redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], consumer.name)
    gone = gone + 1
  end
end
return gone
