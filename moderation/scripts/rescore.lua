-- Write one fact about a case and put the case at its new place in the queue. KEYS: case, queue.
-- ARGV: case id, field, value, seconds for each step of severity, seconds for each doubling of the reach.
-- A case that is not there stays away; the place of a settled or sleeping case changes nothing.
local state, base = unpack(redis.call('HMGET', KEYS[1], 'state', 'base'))
if not state then return 0 end
redis.call('HSET', KEYS[1], ARGV[2], ARGV[3])
if state ~= 'open' or not base then return 0 end
local reach = 1
for _, name in ipairs(redis.call('HKEYS', KEYS[1])) do
  if string.sub(name, 1, 7) == 'report:' or string.sub(name, 1, 5) == 'copy:' then reach = reach + 1 end
end
local severity = redis.call('HGET', KEYS[1], 'severity')
local score = string.format('%.3f', base - ARGV[4] * severity - ARGV[5] * math.log(reach) / math.log(2))
redis.call('HSET', KEYS[1], 'score', score)
redis.call('ZADD', KEYS[2], 'XX', score, ARGV[1])
return 1
