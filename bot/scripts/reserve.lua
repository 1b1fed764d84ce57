-- Count one more unasked answer of the last hour, unless the budget is spent. KEYS: a sorted set of message keys by time.
-- ARGV: the message's key, seconds to look back, the budget. Returns 1, also for a message counted before, or 0.
local now = redis.call('TIME')[1]
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[2])
if redis.call('ZSCORE', KEYS[1], ARGV[1]) then return 1 end
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[3]) then return 0 end
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('EXPIRE', KEYS[1], ARGV[2])
return 1
