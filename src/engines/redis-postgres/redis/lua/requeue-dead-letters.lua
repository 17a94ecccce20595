-- Appends dead letters to the stream again, with their original fields. KEYS: stream, dead-letter stream. ARGV: ids.
-- Returns how many existed.
-- The last three fields, names and values, were added by move-to-dead-letters.
local ADDED_VALUES = 6
local requeued = 0
for _, id in ipairs(ARGV) do
  local entry = redis.call('XRANGE', KEYS[2], id, id)[1]
  if entry then
    redis.call('XADD', KEYS[1], '*', unpack(entry[2], 1, #entry[2] - ADDED_VALUES))
    redis.call('XDEL', KEYS[2], id)
    requeued = requeued + 1
  end
end
return requeued
