#!lua flags=allow-oom
-- Marks a structure as complete, unless the server lost its memory since the repair began. KEYS: restoring, mark. ARGV: run id.
-- Returns 1 when the mark was set.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 0
end
redis.call('SET', KEYS[2], ARGV[1])
redis.call('DEL', KEYS[1])
return 1
