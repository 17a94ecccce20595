#!lua flags=allow-oom
-- Moves entries that cannot be recorded to the dead-letter stream, unchanged, with reasons. KEYS: stream, dead-letter
-- stream. ARGV: group, now; then for each: entry id, reason. Returns how many existed. Of an entry with thousands of
-- fields only the first are kept: the service did not write it, and Lua cannot pass more than 8,000 values.
local MAX_WORDS = 4000
local moved = 0
for at = 3, #ARGV, 2 do
  local id, reason = ARGV[at], ARGV[at + 1]
  local entry = redis.call('XRANGE', KEYS[1], id, id)[1]
  if entry then
    local fields = { unpack(entry[2], 1, math.min(#entry[2], MAX_WORDS)) }
    for _, word in ipairs({ 'reason', reason, 'buried_at', ARGV[2], 'source_id', id }) do table.insert(fields, word) end
    redis.call('XADD', KEYS[2], '*', unpack(fields))
    moved = moved + 1
  end
  redis.call('XACK', KEYS[1], ARGV[1], id)
  redis.call('XDEL', KEYS[1], id)
end
return moved
