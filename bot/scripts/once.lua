-- Perform a write once. KEYS: the mark that it was done, the key it writes to. ARGV: seconds to remember, the write as a
-- JSON list. Both keys share a hash tag. Returns 1, or 0 when it was done before.
if not redis.call('SET', KEYS[1], '1', 'NX', 'EX', ARGV[1]) then return 0 end
redis.call(unpack(cjson.decode(ARGV[2])))
return 1
