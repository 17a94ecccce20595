#!lua flags=allow-oom
-- Claims due deliveries: their score becomes the end of the lease. First deliveries due at a time (retries, expired
-- leases), longest due first; then those due immediately (score 0), oldest first. KEYS: lanes. ARGV: key prefixes of
-- lanes, of their leased members and of their rates, now; then for each lane: endpoint, limit, end of the lease,
-- maximum leased at once ('' = unlimited), claims per second ('' = unlimited).
-- Returns for each lane: when to claim again ('' = empty), then delivery and previous score of each claimed one; false
-- where a key of the lane has another type: the lane pauses for 30 s.
-- Costs two ranges per lane and two ZADDs per delivery; two more calls for a lane with a rate.
local answers, now = {}, tonumber(ARGV[4])

local function claim(at)
  local endpoint, limit, until_ms = ARGV[at], tonumber(ARGV[at + 1]), ARGV[at + 2]
  local max_leased, rate = tonumber(ARGV[at + 3]), tonumber(ARGV[at + 4])
  local lane, leased, retry_at, tokens = ARGV[1] .. endpoint, ARGV[2] .. endpoint, 0, nil
  if max_leased then
    redis.call('ZREMRANGEBYSCORE', leased, '-inf', now)
    limit = math.min(limit, max_leased - redis.call('ZCARD', leased))
    -- The holder's settlement triggers the next claim; this time is for a holder that died.
    if limit <= 0 then retry_at = now + 1000 end
  end
  if rate then
    -- A bucket of a tenth of a second's claims, at least one.
    local size = math.max(1, rate / 10)
    local bucket = redis.call('HMGET', ARGV[3] .. endpoint, 'tokens', 'at')
    local since = math.max(0, now - (tonumber(bucket[2] or '') or 0))
    tokens = math.min(size, (tonumber(bucket[1] or '') or size) + since * rate / 1000)
    limit = math.min(limit, math.floor(tokens + 0.000001))
  end
  local claimed = {}
  if limit > 0 then
    claimed = redis.call('ZRANGEBYSCORE', lane, '(0', now, 'WITHSCORES', 'LIMIT', 0, limit)
    local remaining = limit - #claimed / 2
    if remaining > 0 then
      for _, delivery in ipairs(redis.call('ZRANGEBYSCORE', lane, 0, 0, 'LIMIT', 0, remaining)) do
        table.insert(claimed, delivery)
        table.insert(claimed, '0')
      end
    end
  end
  for n = 1, #claimed, 2 do
    redis.call('ZADD', lane, until_ms, claimed[n])
    if max_leased then redis.call('ZADD', leased, until_ms, claimed[n]) end
  end
  if max_leased and #claimed > 0 then redis.call('PEXPIRE', leased, tonumber(until_ms) - now + 60000) end
  if rate then
    tokens = tokens - #claimed / 2
    redis.call('HSET', ARGV[3] .. endpoint, 'tokens', string.format('%.6f', tokens), 'at', now)
    redis.call('PEXPIRE', ARGV[3] .. endpoint, 60000)
    if tokens < 1 then retry_at = math.max(retry_at, math.ceil(now + (1 - tokens) * 1000 / rate)) end
  end
  local lowest = redis.call('ZRANGE', lane, 0, 0, 'WITHSCORES')[2]
  if lowest then redis.call('ZADD', KEYS[1], lowest, endpoint) else redis.call('ZREM', KEYS[1], endpoint) end
  if lowest and tonumber(lowest) < retry_at then lowest = string.format('%.0f', retry_at) end
  table.insert(claimed, 1, lowest or '')
  return claimed
end

local function is_broken(key, expected)
  local found = redis.call('TYPE', key).ok
  return found ~= 'none' and found ~= expected
end

for at = 5, #ARGV, 5 do
  local endpoint = ARGV[at]
  -- All keys of a lane are read before any is written, so that nothing is claimed from a broken lane.
  local ok, claimed = pcall(claim, at)
  if not ok then
    if not (is_broken(ARGV[1] .. endpoint, 'zset') or is_broken(ARGV[2] .. endpoint, 'zset') or is_broken(ARGV[3] .. endpoint, 'hash')) then
      error(claimed)
    end
    redis.call('ZADD', KEYS[1], now + 30000, endpoint)
    claimed = false
  end
  answers[(at - 5) / 5 + 1] = claimed
end
return answers
