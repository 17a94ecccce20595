#!lua flags=allow-oom
-- Removes deliveries from their lane, or gives them another score. Their stream entries are removed first, which frees
-- memory at maxmemory. KEYS: lanes, stream, entries, counter. ARGV: key prefixes of lanes and of their leased members,
-- group, now; then for each: delivery, endpoint, new score ('' = remove), fence: only if the score has this value ('' =
-- any), 1 = wake a deliverer when due. Deliveries that are in no lane are ignored, and so are lanes whose key has
-- another type. Returns the endpoints of such lanes.
local removed, touched, broken = 0, {}, {}
for at = 5, #ARGV, 5 do
  local delivery, endpoint, score, fence, wake = unpack(ARGV, at, at + 4)
  local lane = ARGV[1] .. endpoint
  local current = redis.pcall('ZSCORE', lane, delivery)
  local is_broken = type(current) == 'table'
  if current and not is_broken then
    is_broken = type(redis.pcall('ZSCORE', ARGV[2] .. endpoint, delivery)) == 'table'
  end
  if is_broken then
    table.insert(broken, endpoint)
  elseif current and (fence == '' or tonumber(current) == tonumber(fence)) then
    touched[endpoint] = true
    redis.call('ZREM', ARGV[2] .. endpoint, delivery)
    local stays = wake == '1' and score ~= '' and tonumber(score) <= tonumber(ARGV[4])
    local entry = redis.call('HGET', KEYS[3], delivery)
    if entry and not stays then
      redis.call('XACK', KEYS[2], ARGV[3], entry)
      redis.call('XDEL', KEYS[2], entry)
      redis.call('HDEL', KEYS[3], delivery)
    end
    if score == '' then
      redis.call('ZREM', lane, delivery)
      removed = removed + 1
    else
      redis.call('ZADD', lane, score, delivery)
      if stays and not entry then
        entry = redis.call('XADD', KEYS[2], '*', 'delivery', delivery, 'endpoint', endpoint)
        redis.call('HSET', KEYS[3], delivery, entry)
      end
    end
  end
end
for endpoint in pairs(touched) do
  local lowest = redis.call('ZRANGE', ARGV[1] .. endpoint, 0, 0, 'WITHSCORES')[2]
  if lowest then redis.call('ZADD', KEYS[1], lowest, endpoint) else redis.call('ZREM', KEYS[1], endpoint) end
end
if removed > 0 then redis.call('DECRBY', KEYS[4], removed) end
return broken
