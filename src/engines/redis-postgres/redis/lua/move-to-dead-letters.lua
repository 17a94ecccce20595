#!lua flags=allow-oom
-- Entries that can't be recorded go to the dead ones, as they came, with reasons. KEYS: stream, dead stream. ARGV: group,
-- now, then for each: entry id, reason. Returns how many were there. Of an entry with thousands of fields only the first are
-- kept: it is none of ours, and Lua can't pass more than 8,000 words on.
local MAX_WORDS = 4000
local buried = 0
for at = 3, #ARGV, 2 do
  local id, reason = ARGV[at], ARGV[at + 1]
  local entry = redis.call('XRANGE', KEYS[1], id, id)[1]
  if entry then
    local fields = { unpack(entry[2], 1, math.min(#entry[2], MAX_WORDS)) }
    for _, word in ipairs({ 'reason', reason, 'buried_at', ARGV[2], 'source_id', id }) do table.insert(fields, word) end
    redis.call('XADD', KEYS[2], '*', unpack(fields))
    buried = buried + 1
  end
  redis.call('XACK', KEYS[1], ARGV[1], id)
  redis.call('XDEL', KEYS[1], id)
end
return buried
