-- What an entry leads to, and its acknowledgement, in one step.
-- KEYS: lease, stream, tries. ARGV: owner, group, entry id, writes as a JSON list of commands. All keys share a hash tag.
-- A write {'EXPECT', answer, command...} writes nothing: what the command answers, lists joined by blanks, must be that
-- answer. A write {'EVAL', ...} is a script: no script may call another by EVAL, so it is run in here.
-- Returns 1; 0 (and nothing is written) when the lease went to another holder or the entry is done already; 2 (and nothing
-- is written, nor is the attempt counted) when an expectation does not hold.
local function perform(write)
  if write[1] == 'EXPECT' then return end
  if write[1] ~= 'EVAL' then return redis.call(unpack(write)) end
  local last = 3 + write[3]
  loadstring('local KEYS, ARGV = ... ' .. write[2])({unpack(write, 4, last)}, {unpack(write, last + 1)})
end

local function holds(write)
  local found = redis.call(unpack(write, 3))
  if type(found) == 'table' then found = table.concat(found, ' ') end
  return (found or '') == write[2]
end

if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
if #redis.call('XPENDING', KEYS[2], ARGV[2], ARGV[3], ARGV[3], 1) == 0 then return 0 end
local writes = cjson.decode(ARGV[4])
for _, write in ipairs(writes) do
  if write[1] == 'EXPECT' and not holds(write) then
    redis.call('HINCRBY', KEYS[3], ARGV[3], -1)
    return 2
  end
end
for _, write in ipairs(writes) do perform(write) end
redis.call('XACK', KEYS[2], ARGV[2], ARGV[3])
redis.call('XDEL', KEYS[2], ARGV[3])
redis.call('HDEL', KEYS[3], ARGV[3])
return 1
