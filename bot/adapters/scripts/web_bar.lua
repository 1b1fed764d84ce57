-- Keep a member from posting, once per effect. KEYS: the effect's mark, the member's bar.
-- ARGV: seconds to remember, milliseconds of the bar (0: for good), the bar. The longer of two bars stays.
if not redis.call('SET', KEYS[1], '1', 'NX', 'EX', ARGV[1]) then return 0 end
local left = redis.call('PTTL', KEYS[2])
if left == -1 then return 1 end
if ARGV[2] == '0' then redis.call('SET', KEYS[2], ARGV[3])
elseif left < tonumber(ARGV[2]) then redis.call('SET', KEYS[2], ARGV[3], 'PX', ARGV[2]) end
return 1
