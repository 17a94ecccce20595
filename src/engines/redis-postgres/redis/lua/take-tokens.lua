-- Takes tokens from a bucket that holds a minute's worth and fills evenly. KEYS: bucket. ARGV: now (ms), tokens a minute,
-- tokens wanted. Returns tokens granted and tokens left, in thousandths. Time never goes back here. One hash of two fields,
-- forgotten when it would be full again.
local now, per_minute, wanted = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local bucket = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens, at = tonumber(bucket[1] or ''), tonumber(bucket[2] or '')
if not tokens or not at then
  tokens, at = per_minute, now
elseif now > at then
  tokens, at = math.min(per_minute, tokens + (now - at) * per_minute / 60000), now
else
  tokens = math.min(per_minute, tokens)
end
-- A thousandth of a token is no time anybody waits for: sums of fractions end a little below the whole.
local granted = math.min(wanted, math.floor(tokens + 0.001))
tokens = math.max(0, tokens - granted)
redis.call('HSET', KEYS[1], 'tokens', string.format('%.6f', tokens), 'at', string.format('%.3f', at))
redis.call('PEXPIRE', KEYS[1], 120000)
return { granted, math.floor(tokens * 1000 + 0.5) }
