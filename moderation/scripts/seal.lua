-- Seal lines of an audit trail. KEYS: the seals. ARGV: the id of the last seal as the caller saw it, or '', then pairs of
-- a line's id and its seal. Returns 1, or 0 (and nothing is written) when another worker was faster.
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
if (last and last[1] or '') ~= ARGV[1] then return 0 end
for i = 2, #ARGV, 2 do redis.call('XADD', KEYS[1], ARGV[i], 'seal', ARGV[i + 1]) end
return 1
