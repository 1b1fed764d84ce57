-- Settle a case once. KEYS: case, queue, settled, hand-offs, the member's strikes, stream of decisions, of cards, asleep.
-- ARGV: who, decision, case id, strikes, order (the channel), channel of changes, '1' where two people are needed.
-- Of those two the first lets go of the case, and the decision stays with it as an opinion.
-- Returns {'ok'}, {'missing'}, {'settled', decision} or {'taken', holder}.
local state, holder, till, decision, first =
  unpack(redis.call('HMGET', KEYS[1], 'state', 'claimed_by', 'claimed_until', 'decision', 'first'))
if not state then return {'missing'} end
if state == 'settled' then return {'settled', decision} end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if holder and holder ~= ARGV[1] and tonumber(till) > now then return {'taken', holder} end
local function tell()
  redis.call('XADD', KEYS[7], '*', 'order', ARGV[3], 'body', ARGV[3])
  redis.call('PUBLISH', ARGV[6], ARGV[3])
end
if ARGV[7] == '1' and (not first or first == ARGV[1]) then
  if not first then
    redis.call('HSET', KEYS[1], 'first', ARGV[1], 'opinion:' .. ARGV[1], ARGV[2])
    redis.call('HDEL', KEYS[1], 'claimed_by', 'claimed_until')
    tell()
  end
  return {'ok'}
end
redis.call('HSET', KEYS[1], 'state', 'settled', 'decision', ARGV[2])
redis.call('HDEL', KEYS[1], 'claimed_by', 'claimed_until', 'wake_at', 'find')
redis.call('ZREM', KEYS[2], ARGV[3])
redis.call('ZREM', KEYS[8], ARGV[3])
redis.call('ZADD', KEYS[3], now / 1000, ARGV[3])
redis.call('SREM', KEYS[4], ARGV[3])
if tonumber(ARGV[4]) > 0 then redis.call('ZADD', KEYS[5], now / 1000, ARGV[3] .. ':' .. ARGV[4]) end
redis.call('XADD', KEYS[6], '*', 'order', ARGV[5], 'body', ARGV[2])
tell()
return {'ok'}
