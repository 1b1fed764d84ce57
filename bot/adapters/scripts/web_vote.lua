-- A member's vote under an answer, with what the channel's pages are told of it. The same vote again changes nothing.
-- KEYS: the answer's votes by member, the member's votes by answer, the channel's stream.
-- ARGV: seconds to keep, events to keep, answer, member, choice. Returns 1, or 0 for the vote that stands.
-- Of one answer only the latest event stays in the stream, so that no number of votes drives words out of it. Its id is
-- kept among the votes as `event`, which is no member's id.
if redis.call('HGET', KEYS[1], ARGV[4]) == ARGV[5] then return 0 end
redis.call('HSET', KEYS[1], ARGV[4], ARGV[5])
redis.call('HSET', KEYS[2], ARGV[3], ARGV[5])
local told = { event = 'voted', id = ARGV[3], up = 0, down = 0, person = 0 }
local earlier = redis.call('HGET', KEYS[1], 'event')
redis.call('HDEL', KEYS[1], 'event')
for _, choice in ipairs(redis.call('HVALS', KEYS[1])) do told[choice] = told[choice] + 1 end
if earlier then redis.call('XDEL', KEYS[3], earlier) end
local id = redis.call('XADD', KEYS[3], 'MAXLEN', '~', ARGV[2], '*', 'event', cjson.encode(told))
redis.call('HSET', KEYS[1], 'event', id)
redis.call('EXPIRE', KEYS[1], ARGV[1])
redis.call('EXPIRE', KEYS[2], ARGV[1])
return 1
