-- Accepts events: for each, reads its dedup mark, adds the event, then sets the mark. The order matters, because Redis
-- rolls nothing back: an event without a mark may be repeated, a mark without an event would lose it. KEYS: stream of
-- events, counter of waiting deliveries. ARGV: now, expiry of marks, when Redis may remove them (ms from now), maximum
-- backlog ('' = unlimited), number of events; then for each: key of its mark ('' = none), id, created at, number of
-- fields, the fields.
-- Returns for each: 1 accepted, 0 backlog full, -1 the mark's key has another type (nothing was done), or the mark of
-- the first event ("id created-at expires-at").
-- Costs an XADD per event, and a GET and a SET per dedup id.
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
    -- The same event again: the first answer was lost.
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
