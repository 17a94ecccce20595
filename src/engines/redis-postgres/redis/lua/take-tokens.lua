#!lua flags=allow-oom
-- Takes tokens from a bucket that holds a minute's worth and fills evenly. KEYS: bucket. ARGV: now (ms), tokens a minute,
-- tokens wanted. Returns tokens granted and tokens left, in thousandths. A clock that is a little behind another takes
-- nothing away; one that is behind by more than a minute began anew, and time goes on from it. One hash of two fields,
-- forgotten when it would be full again; a full server does not refuse it.
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
-- A thousandth of a token is no time anybody waits for: sums of fractions end a little below the whole.
local granted = math.min(wanted, math.floor(tokens + 0.001))
tokens = math.max(0, tokens - granted)
redis.call('HSET', KEYS[1], 'tokens', string.format('%.6f', tokens), 'at', string.format('%.3f', at))
redis.call('PEXPIRE', KEYS[1], 120000)
return { granted, math.floor(tokens * 1000 + 0.5) }
