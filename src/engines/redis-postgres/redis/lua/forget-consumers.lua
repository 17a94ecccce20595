#!lua flags=allow-oom
-- Removes a group's consumers that have no entries and were idle for long. One step, because a consumer that returned
-- between a check and its removal would lose new entries. KEYS: stream. ARGV: group, a consumer to keep, idle time
-- (ms). Returns how many were removed. Costs a check per consumer.
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
local consumers = redis.pcall('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])
-- A missing group has no consumers.
if consumers.err then return 0 end
local removed = 0
for _, words in ipairs(consumers) do
  local consumer = {}
  for at = 1, #words, 2 do consumer[words[at]] = words[at + 1] end
  if consumer.name ~= ARGV[2] and consumer.pending == 0 and consumer.idle > tonumber(ARGV[3]) then
    redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], consumer.name)
    removed = removed + 1
  end
end
return removed
