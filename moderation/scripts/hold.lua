-- Put a case aside until a time; who does so lets go of it. KEYS: case, queue, asleep, stream of cards.
-- ARGV: who, channel of changes, case id, time in seconds.
-- Returns {'ok'}, {'missing'}, {'settled', decision} or {'taken', holder}.
local state, holder, till, decision, wake_at =
  unpack(redis.call('HMGET', KEYS[1], 'state', 'claimed_by', 'claimed_until', 'decision', 'wake_at'))
if not state then return {'missing'} end
if state == 'settled' then return {'settled', decision} end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if holder and holder ~= ARGV[1] and tonumber(till) > now then return {'taken', holder} end
local score = redis.call('ZSCORE', KEYS[2], ARGV[3])
if score then redis.call('HSETNX', KEYS[1], 'score', score) end
redis.call('ZREM', KEYS[2], ARGV[3])
redis.call('ZADD', KEYS[3], ARGV[4], ARGV[3])
redis.call('HSET', KEYS[1], 'wake_at', ARGV[4])
local freed = redis.call('HDEL', KEYS[1], 'claimed_by', 'claimed_until')
if freed > 0 or wake_at ~= ARGV[4] then
  redis.call('PUBLISH', ARGV[2], ARGV[3])
  redis.call('XADD', KEYS[4], '*', 'order', ARGV[3], 'body', ARGV[3])
end
return {'ok'}
