-- Put a member's message into the room once. KEYS: the post's mark, the channel's stream.
-- ARGV: seconds to remember, events to keep, message id, event. Returns 1, or 0 for a post seen before.
if not redis.call('SET', KEYS[1], '1', 'NX', 'EX', ARGV[1]) then return 0 end
redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[2], '*', 'message', ARGV[3], 'event', ARGV[4])
return 1
