-- Give a case back, if it is one's own. KEYS: case, stream of cards. ARGV: who, channel of changes, case id.
if redis.call('HGET', KEYS[1], 'claimed_by') == ARGV[1] then
  redis.call('HDEL', KEYS[1], 'claimed_by', 'claimed_until')
  redis.call('PUBLISH', ARGV[2], ARGV[3])
  redis.call('XADD', KEYS[2], '*', 'order', ARGV[3], 'body', ARGV[3])
end
return {'ok'}
