-- Puts back dedup marks that are missing. KEYS: none (their names are in ARGV). ARGV: for each: key, mark, when Redis may
-- forget it (ms from now). Costs a SET each.
local restored = 0
for at = 1, #ARGV, 3 do
  if redis.call('SET', ARGV[at], ARGV[at + 1], 'NX', 'PX', ARGV[at + 2]) then restored = restored + 1 end
end
return restored
