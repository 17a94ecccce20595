#!lua flags=allow-oom
-- Takes tokens from a bucket that holds one minute's tokens and fills evenly. KEYS: bucket. ARGV: now (ms), tokens per
-- minute, tokens wanted. Returns the tokens granted and those remaining, in thousandths. A clock slightly behind
-- another one's takes nothing away; one behind by more than a minute was reset, and time continues from it. Costs one
-- hash of two fields, removed when it would be full; allowed at maxmemory.
local now, per_minute, wanted = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local bucket = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens, at = tonumber(bucket[1] or ''), tonumber(bucket[2] or '')
if not tokens or not at then
  tokens, at = per_minute, now
elseif now > at then
  tokens, at = math.min(per_minute, tokens + (now - at) * per_minute / 60000), now
elseif at - now > 60000 then
  tokens, at = math.min(per_minute, tokens), now
else
  tokens = math.min(per_minute, tokens)
end
-- Tolerance of a thousandth of a token, because sums of fractions end slightly below the whole.
local granted = math.min(wanted, math.floor(tokens + 0.001))
tokens = math.max(0, tokens - granted)
redis.call('HSET', KEYS[1], 'tokens', string.format('%.6f', tokens), 'at', string.format('%.3f', at))
redis.call('PEXPIRE', KEYS[1], 120000)
return { granted, math.floor(tokens * 1000 + 0.5) }
