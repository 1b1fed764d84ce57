-- Renew one's hold of a case. KEYS: case. ARGV: who, lease in ms.
-- Returns 1, or 0 when it ran out, went to another, or the case is settled.
local state, holder, till = unpack(redis.call('HMGET', KEYS[1], 'state', 'claimed_by', 'claimed_until'))
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if state ~= 'open' or holder ~= ARGV[1] or tonumber(till) <= now then return 0 end
redis.call('HSET', KEYS[1], 'claimed_until', string.format('%.0f', now + ARGV[2]))
return 1
