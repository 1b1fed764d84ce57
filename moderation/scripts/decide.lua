-- Settle a case once. KEYS: case, queue, settled, hand-offs, the member's strikes, stream of decisions, of cards.
-- ARGV: who, decision, case id, strikes, order (the channel), channel of changes.
-- Returns {'ok'}, {'missing'}, {'settled', decision} or {'taken', holder}.
local state, holder, till, decision = unpack(redis.call('HMGET', KEYS[1], 'state', 'claimed_by', 'claimed_until', 'decision'))
if not state then return {'missing'} end
if state == 'settled' then return {'settled', decision} end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if holder and holder ~= '' and holder ~= ARGV[1] and tonumber(till) > now then return {'taken', holder} end
redis.call('HSET', KEYS[1], 'state', 'settled', 'decision', ARGV[2])
redis.call('ZREM', KEYS[2], ARGV[3])
redis.call('ZADD', KEYS[3], now / 1000, ARGV[3])
redis.call('SREM', KEYS[4], ARGV[3])
if tonumber(ARGV[4]) > 0 then redis.call('ZADD', KEYS[5], now / 1000, ARGV[3] .. ':' .. ARGV[4]) end
redis.call('XADD', KEYS[6], '*', 'order', ARGV[5], 'body', ARGV[2])
redis.call('XADD', KEYS[7], '*', 'order', ARGV[3], 'body', ARGV[3])
redis.call('PUBLISH', ARGV[6], ARGV[3])
return {'ok'}
