-- Tell that a case is late, once. KEYS: cases by the time when they are told of, case.
-- ARGV: case id, the time that was read, writes as a JSON list of commands.
-- Returns 1, or 0 where another worker has told of it meanwhile, or the case is decided: then it is told of no more.
local at = redis.call('ZSCORE', KEYS[1], ARGV[1])
if not at or tonumber(at) ~= tonumber(ARGV[2]) then return 0 end
if redis.call('HGET', KEYS[2], 'state') ~= 'open' then
  redis.call('ZREM', KEYS[1], ARGV[1])
  return 0
end
for _, write in ipairs(cjson.decode(ARGV[3])) do redis.call(unpack(write)) end
return 1
