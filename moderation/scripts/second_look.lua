-- Put a second look on a settled case; one for each person. KEYS: case, who looks at it now.
-- ARGV: who, decision, looks that a case gets. Returns 'ok', 'seen', 'held' or 'full'.
local mine = 'after:' .. ARGV[1]
local before = redis.call('HGET', KEYS[1], mine)
if before then return before == ARGV[2] and 'ok' or 'seen' end
local holder = redis.call('GET', KEYS[2])
if holder and holder ~= ARGV[1] then return 'held' end
local looks = 0
for _, field in ipairs(redis.call('HKEYS', KEYS[1])) do
  if field:sub(1, 6) == 'after:' then looks = looks + 1 end
end
if looks >= tonumber(ARGV[3]) then return 'full' end
redis.call('HSET', KEYS[1], mine, ARGV[2])
redis.call('DEL', KEYS[2])
return 'ok'
