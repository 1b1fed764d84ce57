-- Put a message on its stream once. KEYS: the delivery's mark, the stream. ARGV: message, order, seconds to remember.
-- Returns 1, or 0 for a delivery seen before.
if not redis.call('SET', KEYS[1], '1', 'NX', 'EX', ARGV[3]) then return 0 end
redis.call('XADD', KEYS[2], '*', 'order', ARGV[2], 'body', ARGV[1])
return 1
