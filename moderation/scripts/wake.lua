-- Bring back the sleeping cases whose time has come, each to its place in the queue. KEYS: asleep, queue, stream of cards.
-- ARGV: the time now in seconds, how a case's key begins, channel of changes, the most at once. Returns their ids.
local due = redis.call('ZRANGE', KEYS[1], '-inf', ARGV[1], 'BYSCORE', 'LIMIT', 0, ARGV[4])
for _, id in ipairs(due) do
  redis.call('ZREM', KEYS[1], id)
  redis.call('ZADD', KEYS[2], redis.call('HGET', ARGV[2] .. id, 'score'), id)
  redis.call('HDEL', ARGV[2] .. id, 'wake_at')
  redis.call('PUBLISH', ARGV[3], id)
  redis.call('XADD', KEYS[3], '*', 'order', id, 'body', id)
end
return due
