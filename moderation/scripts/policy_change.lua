-- Change which policy is in force or beside it. KEYS: state, versions, past, log, audit trail.
-- ARGV: kind (set, shadow, rollback), version ('file': none stored; 'before': the one before), what to store under it
-- or '', who, note, the live version that a rollback to the one before starts from, the time for the audit trail.
-- Returns {'done', before, now}, {'same', version}, {'missing'}, {'live', version}, {'none'} or {'moved', live}.
local kind, version, stored, who, note, from, at = unpack(ARGV)
local live = redis.call('HGET', KEYS[1], 'live') or 'file'
local shadow = redis.call('HGET', KEYS[1], 'shadow') or 'file'
local field, before = 'live', live
if kind == 'shadow' then field, before = 'shadow', shadow end
if kind == 'shadow' and version ~= 'file' and version == live then return {'live', live} end
local stepping = version == 'before'
if stepping then
  if live ~= from then return {'moved', live} end
  version = redis.call('LINDEX', KEYS[3], -1)
  if not version then return {'none'} end
end
if stored ~= '' then redis.call('HSETNX', KEYS[2], version, stored) end
if version ~= 'file' and redis.call('HEXISTS', KEYS[2], version) == 0 then return {'missing'} end
if version == before then return {'same', version} end
local function log(what, now, was, words)
  redis.call('XADD', KEYS[4], '*', 'kind', what, 'version', now, 'before', was, 'by', who, 'note', words)
  local line = 'policy ' .. what .. ': ' .. was .. ' -> ' .. now
  redis.call('XADD', KEYS[5], '*', 'kind', 'setting', 'by', who, 'tier', '', 'what', line, 'result', 'done', 'at', at)
end
if stepping then redis.call('RPOP', KEYS[3]) elseif field == 'live' then redis.call('RPUSH', KEYS[3], live) end
redis.call('HSET', KEYS[1], field, version)
log(kind, version, before, note)
if field == 'live' and version == shadow and shadow ~= 'file' then
  redis.call('HSET', KEYS[1], 'shadow', 'file')
  log('shadow', 'file', shadow, 'it is live now')
end
return {'done', before, version}
