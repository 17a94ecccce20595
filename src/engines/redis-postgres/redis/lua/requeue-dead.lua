-- Dead entries go back to the end of the stream with the fields they came with. KEYS: stream, dead stream. ARGV: ids.
-- Returns how many were there.
local own = { reason = true, buried_at = true, source_id = true }
local requeued = 0
for _, id in ipairs(ARGV) do
  local entry = redis.call('XRANGE', KEYS[2], id, id)[1]
  if entry then
    local fields, kept = entry[2], {}
    for at = 1, #fields, 2 do
      if not own[fields[at]] then
        table.insert(kept, fields[at])
        table.insert(kept, fields[at + 1])
      end
    end
    redis.call('XADD', KEYS[1], '*', unpack(kept))
    redis.call('XDEL', KEYS[2], id)
    requeued = requeued + 1
  end
end
return requeued
