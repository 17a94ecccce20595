#!lua flags=allow-oom
-- Adds deliveries to their lanes; existing members are unchanged. Due ones get a stream entry, which wakes a deliverer.
-- KEYS: lanes, stream, entries, counter. ARGV: key prefix of lanes, now; then for each: delivery, endpoint, due at.
-- Skips a lane whose key has another type: the record has its deliveries.
-- Returns the number added, then the endpoints of skipped lanes. Costs two sorted-set entries, an XADD and an HSET
-- each.
local added, broken = 0, {}
for at = 3, #ARGV, 3 do
  local delivery, endpoint, due_at = ARGV[at], ARGV[at + 1], ARGV[at + 2]
  local new = redis.pcall('ZADD', ARGV[1] .. endpoint, 'NX', due_at, delivery)
  if type(new) == 'table' then
    table.insert(broken, endpoint)
  elseif new == 1 then
    added = added + 1
    redis.call('ZADD', KEYS[1], 'LT', due_at, endpoint)
    if tonumber(due_at) <= tonumber(ARGV[2]) then
      local entry = redis.call('XADD', KEYS[2], '*', 'delivery', delivery, 'endpoint', endpoint)
      redis.call('HSET', KEYS[3], delivery, entry)
    end
  end
end
if added > 0 then redis.call('INCRBY', KEYS[4], added) end
table.insert(broken, 1, added)
return broken
