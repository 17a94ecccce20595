-- Restores missing dedup marks. KEYS: none (the keys are in ARGV). ARGV: for each: key, mark, when Redis may remove it
-- (ms from now). Costs a SET each.
local restored = 0
for at = 1, #ARGV, 3 do
  if redis.call('SET', ARGV[at], ARGV[at + 1], 'NX', 'PX', ARGV[at + 2]) then restored = restored + 1 end
end
return restored
