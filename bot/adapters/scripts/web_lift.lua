-- Let a member post again, once per effect. KEYS: the effect's mark, the member's bar. ARGV: seconds to remember.
if not redis.call('SET', KEYS[1], '1', 'NX', 'EX', ARGV[1]) then return 0 end
redis.call('DEL', KEYS[2])
return 1
