-- Take a message out of the room once: its picture is gone, its text is gone from the stream, the event that is left
-- tells the reason. KEYS: the effect's mark, the channel's stream, the message's picture. ARGV: seconds to remember,
-- events to keep, message id, event.
-- Returns 1 when the message was there. The event takes over its author's name and its time.
if not redis.call('SET', KEYS[1], '1', 'NX', 'EX', ARGV[1]) then return 0 end
redis.call('DEL', KEYS[3])
for _, entry in ipairs(redis.call('XREVRANGE', KEYS[2], '+', '-')) do
  local fields = {}
  for i = 1, #entry[2], 2 do fields[entry[2][i]] = entry[2][i + 1] end
  if fields.message == ARGV[3] then
    local said, removed = cjson.decode(fields.event), cjson.decode(ARGV[4])
    if said.event ~= 'said' then return 0 end
    removed.name, removed.at = said.name, said.at
    redis.call('XDEL', KEYS[2], entry[1])
    redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[2], '*', 'message', ARGV[3], 'event', cjson.encode(removed))
    return 1
  end
end
return 0
