#!lua flags=allow-oom
-- Takes due deliveries out of lanes: their score becomes the end of the lease. First what is due by the clock (retries,
-- leases that ran out), the longest due first; then what is due at once (score 0), oldest first. KEYS: lanes. ARGV: what
-- lanes' names begin with, the same for what is held of them, the same for their rates, now, then for each lane: endpoint,
-- limit, end of the lease, how many may be held at once ('' = any number), takings a second ('' = any number).
-- Returns for each: when to ask again ('' = it is empty), then delivery and old score of each one taken; false where a key
-- of the lane holds another type: it is put aside for half a minute.
-- Costs two ranges a lane and two ZADDs a delivery; a lane with a rate two calls more.
local answers, now = {}, tonumber(ARGV[4])

local function take(at)
  local endpoint, limit, until_ms = ARGV[at], tonumber(ARGV[at + 1]), ARGV[at + 2]
  local most, rate = tonumber(ARGV[at + 3]), tonumber(ARGV[at + 4])
  local lane, held, again_at, tokens = ARGV[1] .. endpoint, ARGV[2] .. endpoint, 0, nil
  if most then
    redis.call('ZREMRANGEBYSCORE', held, '-inf', now)
    limit = math.min(limit, most - redis.call('ZCARD', held))
    -- Who holds them asks again when he settles; this is for when he dies.
    if limit <= 0 then again_at = now + 1000 end
  end
  if rate then
    -- A bucket that holds a tenth of a second's worth, and one taking at least.
    local size = math.max(1, rate / 10)
    local bucket = redis.call('HMGET', ARGV[3] .. endpoint, 'tokens', 'at')
    local since = math.max(0, now - (tonumber(bucket[2] or '') or 0))
    tokens = math.min(size, (tonumber(bucket[1] or '') or size) + since * rate / 1000)
    limit = math.min(limit, math.floor(tokens + 0.000001))
  end
  local taken = {}
  if limit > 0 then
    taken = redis.call('ZRANGEBYSCORE', lane, '(0', now, 'WITHSCORES', 'LIMIT', 0, limit)
    local left = limit - #taken / 2
    if left > 0 then
      for _, delivery in ipairs(redis.call('ZRANGEBYSCORE', lane, 0, 0, 'LIMIT', 0, left)) do
        table.insert(taken, delivery)
        table.insert(taken, '0')
      end
    end
  end
  for n = 1, #taken, 2 do
    redis.call('ZADD', lane, until_ms, taken[n])
    if most then redis.call('ZADD', held, until_ms, taken[n]) end
  end
  if most and #taken > 0 then redis.call('PEXPIRE', held, tonumber(until_ms) - now + 60000) end
  if rate then
    tokens = tokens - #taken / 2
    redis.call('HSET', ARGV[3] .. endpoint, 'tokens', string.format('%.6f', tokens), 'at', now)
    redis.call('PEXPIRE', ARGV[3] .. endpoint, 60000)
    if tokens < 1 then again_at = math.max(again_at, math.ceil(now + (1 - tokens) * 1000 / rate)) end
  end
  local lowest = redis.call('ZRANGE', lane, 0, 0, 'WITHSCORES')[2]
  if lowest then redis.call('ZADD', KEYS[1], lowest, endpoint) else redis.call('ZREM', KEYS[1], endpoint) end
  if lowest and tonumber(lowest) < again_at then lowest = string.format('%.0f', again_at) end
  table.insert(taken, 1, lowest or '')
  return taken
end

local function is_broken(key, expected)
  local found = redis.call('TYPE', key).ok
  return found ~= 'none' and found ~= expected
end

for at = 5, #ARGV, 5 do
  local endpoint = ARGV[at]
  -- Each of its keys is read before any is written, so that nothing is taken of one that is broken.
  local ok, taken = pcall(take, at)
  if not ok then
    if not (is_broken(ARGV[1] .. endpoint, 'zset') or is_broken(ARGV[2] .. endpoint, 'zset') or is_broken(ARGV[3] .. endpoint, 'hash')) then
      error(taken)
    end
    redis.call('ZADD', KEYS[1], now + 30000, endpoint)
    taken = false
  end
  answers[(at - 5) / 5 + 1] = taken
end
return answers
