-- What an entry leads to, and its acknowledgement, in one step.
-- KEYS: lease, stream, tries. ARGV: owner, group, entry id, writes as a JSON list of commands. All keys share a hash tag.
-- Returns 1, or 0 (and nothing is written) when the lease went to another holder or the entry is done already.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
if #redis.call('XPENDING', KEYS[2], ARGV[2], ARGV[3], ARGV[3], 1) == 0 then return 0 end
for _, write in ipairs(cjson.decode(ARGV[4])) do redis.call(unpack(write)) end
redis.call('XACK', KEYS[2], ARGV[2], ARGV[3])
redis.call('XDEL', KEYS[2], ARGV[3])
redis.call('HDEL', KEYS[3], ARGV[3])
return 1
