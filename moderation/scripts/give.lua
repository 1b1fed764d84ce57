-- Name who is to work on a case. It wakes, and who names them lets go of it. KEYS: case, queue, asleep, stream of cards.
-- ARGV: who, channel of changes, case id, then a field and its value ('' takes it back), as often as needed.
-- Returns {'ok'}, {'missing'}, {'settled', decision} or {'taken', holder}.
local state, holder, till, decision, score =
  unpack(redis.call('HMGET', KEYS[1], 'state', 'claimed_by', 'claimed_until', 'decision', 'score'))
if not state then return {'missing'} end
if state == 'settled' then return {'settled', decision} end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if holder and holder ~= ARGV[1] and tonumber(till) > now then return {'taken', holder} end
local changes = redis.call('ZREM', KEYS[3], ARGV[3])
if changes > 0 then
  redis.call('ZADD', KEYS[2], score, ARGV[3])
  redis.call('HDEL', KEYS[1], 'wake_at')
end
for at = 4, #ARGV, 2 do
  if (redis.call('HGET', KEYS[1], ARGV[at]) or '') ~= ARGV[at + 1] then
    redis.call('HSET', KEYS[1], ARGV[at], ARGV[at + 1])
    changes = changes + 1
  end
end
if holder and redis.call('HGET', KEYS[1], 'assigned_to') ~= holder then
  changes = changes + redis.call('HDEL', KEYS[1], 'claimed_by', 'claimed_until')
end
if changes > 0 then
  redis.call('PUBLISH', ARGV[2], ARGV[3])
  redis.call('XADD', KEYS[4], '*', 'order', ARGV[3], 'body', ARGV[3])
end
return {'ok'}
