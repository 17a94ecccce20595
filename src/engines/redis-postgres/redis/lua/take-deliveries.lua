#!lua flags=allow-oom
-- Takes due deliveries out of lanes: their score becomes the end of the lease. First what is due by the clock (retries,
-- leases that ran out), the longest due first; then what is due at once (score 0), oldest first. KEYS: lanes. ARGV: what
-- lanes' names begin with, now, then for each lane: endpoint, limit, end of the lease.
-- Returns for each: its lowest score now ('' = empty), then delivery and old score of each one taken.
-- Costs two ranges a lane and a ZADD a delivery.
local answers = {}
for at = 3, #ARGV, 3 do
  local endpoint, limit, until_ms = ARGV[at], tonumber(ARGV[at + 1]), ARGV[at + 2]
  local lane = ARGV[1] .. endpoint
  local taken = redis.call('ZRANGEBYSCORE', lane, '(0', ARGV[2], 'WITHSCORES', 'LIMIT', 0, limit)
  local left = limit - #taken / 2
  if left > 0 then
    for _, delivery in ipairs(redis.call('ZRANGEBYSCORE', lane, 0, 0, 'LIMIT', 0, left)) do
      table.insert(taken, delivery)
      table.insert(taken, '0')
    end
  end
  for n = 1, #taken, 2 do redis.call('ZADD', lane, until_ms, taken[n]) end
  local lowest = redis.call('ZRANGE', lane, 0, 0, 'WITHSCORES')[2]
  if lowest then redis.call('ZADD', KEYS[1], lowest, endpoint) else redis.call('ZREM', KEYS[1], endpoint) end
  table.insert(taken, 1, lowest or '')
  table.insert(answers, taken)
end
return answers
