-- Take a case under a lease, or renew one's own. KEYS: case, stream of cards.
-- ARGV: who, lease in ms, channel of changes, case id.
-- Returns {'ok'}, {'missing'}, {'settled', decision} or {'taken', holder}.
local state, holder, till, decision = unpack(redis.call('HMGET', KEYS[1], 'state', 'claimed_by', 'claimed_until', 'decision'))
if not state then return {'missing'} end
if state == 'settled' then return {'settled', decision} end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local live = holder and tonumber(till) > now
if live and holder ~= ARGV[1] then return {'taken', holder} end
redis.call('HSET', KEYS[1], 'claimed_by', ARGV[1], 'claimed_until', string.format('%.0f', now + ARGV[2]))
redis.call('HSETNX', KEYS[1], 'first_claimed_at', string.format('%.3f', now / 1000))
if not live then
  redis.call('PUBLISH', ARGV[3], ARGV[4])
  redis.call('XADD', KEYS[2], '*', 'order', ARGV[4], 'body', ARGV[4])
end
return {'ok'}
