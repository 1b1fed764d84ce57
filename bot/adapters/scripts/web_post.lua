-- Put a message into the room once. KEYS: the post's mark, the channel's stream; with a picture its key and the list of
-- all pictures' keys. ARGV: seconds to remember, events to keep, message id, event; with a picture its bytes, seconds to
-- keep it, pictures to keep. Returns 1, or 0 for a post seen before.
-- The keys of older pictures are in the list; they share the hash tag of KEYS, so a cluster has them in the same place.
if not redis.call('SET', KEYS[1], '1', 'NX', 'EX', ARGV[1]) then return 0 end
redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[2], '*', 'message', ARGV[3], 'event', ARGV[4])
if KEYS[3] then
  redis.call('SET', KEYS[3], ARGV[5], 'EX', ARGV[6])
  redis.call('LPUSH', KEYS[4], KEYS[3])
  for _, old in ipairs(redis.call('LRANGE', KEYS[4], ARGV[7], -1)) do redis.call('DEL', old) end
  redis.call('LTRIM', KEYS[4], 0, ARGV[7] - 1)
end
return 1
