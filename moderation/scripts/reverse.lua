-- Take a case's decision back once. KEYS: the case. ARGV: the writes as a JSON list of commands, all under its hash tag.
-- Returns 1, or 0 (and nothing is written) when it was taken back before.
if redis.call('HEXISTS', KEYS[1], 'reversal') == 1 then return 0 end
for _, write in ipairs(cjson.decode(ARGV[1])) do redis.call(unpack(write)) end
return 1
