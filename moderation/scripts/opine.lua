-- Put an opinion on an open case, one for each person, the last one said. KEYS: case, stream of cards.
-- ARGV: who, opinion, channel of changes, case id. Who decided first of two has said it already.
-- Returns {'ok'}, {'missing'} or {'settled', decision}.
local state, decision, first, before =
  unpack(redis.call('HMGET', KEYS[1], 'state', 'decision', 'first', 'opinion:' .. ARGV[1]))
if not state then return {'missing'} end
if state == 'settled' then return {'settled', decision} end
if first == ARGV[1] or before == ARGV[2] then return {'ok'} end
redis.call('HSET', KEYS[1], 'opinion:' .. ARGV[1], ARGV[2])
redis.call('PUBLISH', ARGV[3], ARGV[4])
redis.call('XADD', KEYS[2], '*', 'order', ARGV[4], 'body', ARGV[4])
return {'ok'}
