-- Dead entries go back to the end of the stream with the fields they came with. KEYS: stream, dead stream. ARGV: ids.
-- Returns how many were there.
-- The last three fields are those that the burial added.
local BURIAL_WORDS = 6
local requeued = 0
for _, id in ipairs(ARGV) do
  local entry = redis.call('XRANGE', KEYS[2], id, id)[1]
  if entry then
    redis.call('XADD', KEYS[1], '*', unpack(entry[2], 1, #entry[2] - BURIAL_WORDS))
    redis.call('XDEL', KEYS[2], id)
    requeued = requeued + 1
  end
end
return requeued
