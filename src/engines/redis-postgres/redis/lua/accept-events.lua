-- Takes events in: for each its dedup mark is read, then the event is added, then the mark is set. In this order, for
-- nothing is rolled back here: an event without a mark is a repeat, a mark without an event would be a loss.
-- KEYS: stream of events, counter of waiting deliveries. ARGV: now, when marks end, when Redis may forget them (ms from
-- now), how much may wait ('' = any), how many events; then for each: key of its mark ('' = none), id, created at, how many
-- fields, the fields.
-- Returns for each: 1 accepted, 0 too much waits, -1 its mark's key holds another type (nothing was done), or the mark of
-- the first one ("id created-at ends-at").
-- Costs: XADD an event; GET and SET for those with a mark.
local now = tonumber(ARGV[1])
local marks_end, forget_after = ARGV[2], ARGV[3]
local room = math.huge
if ARGV[4] ~= '' then
  local waiting = tonumber(redis.call('GET', KEYS[2]) or '0') or 0
  room = tonumber(ARGV[4]) - waiting - redis.call('XLEN', KEYS[1])
end
local answers = {}
local at = 6
for n = 1, tonumber(ARGV[5]) do
  local mark_key, id, created_at, fields = ARGV[at], ARGV[at + 1], ARGV[at + 2], tonumber(ARGV[at + 3])
  local known, is_broken = nil, false
  if mark_key ~= '' then
    local mark = redis.pcall('GET', mark_key)
    is_broken = type(mark) == 'table'
    local ends_at = mark and not is_broken and string.match(mark, '^%S+ %d+ (%d+)$')
    if ends_at and tonumber(ends_at) > now then known = mark end
  end
  if is_broken then
    answers[n] = -1
  elseif known then
    -- The same event again: the answer to the first try was lost.
    if string.sub(known, 1, #id) == id then answers[n] = 1 else answers[n] = known end
  elseif room <= 0 then
    answers[n] = 0
  else
    redis.call('XADD', KEYS[1], '*', unpack(ARGV, at + 4, at + 3 + fields))
    if mark_key ~= '' then
      redis.call('SET', mark_key, id .. ' ' .. created_at .. ' ' .. marks_end, 'PX', forget_after)
    end
    room = room - 1
    answers[n] = 1
  end
  at = at + 4 + fields
end
return answers
