-- Pass a case by: it is not offered to this person again, who lets go of it. KEYS: case, stream of cards.
-- ARGV: who, channel of changes, case id. Returns {'ok'}, {'missing'} or {'settled', decision}.
local state, holder, decision = unpack(redis.call('HMGET', KEYS[1], 'state', 'claimed_by', 'decision'))
if not state then return {'missing'} end
if state == 'settled' then return {'settled', decision} end
local changes = redis.call('HSETNX', KEYS[1], 'skip:' .. ARGV[1], '1')
if holder == ARGV[1] then changes = changes + redis.call('HDEL', KEYS[1], 'claimed_by', 'claimed_until') end
if changes > 0 then
  redis.call('PUBLISH', ARGV[2], ARGV[3])
  redis.call('XADD', KEYS[2], '*', 'order', ARGV[3], 'body', ARGV[3])
end
return {'ok'}
