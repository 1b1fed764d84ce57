-- The first cases of a queue that pass all checks. KEYS: the queue. ARGV: how a case's key begins, how many are wanted,
-- who asks, then checks of three: a field, how it is checked, and against what. An absent field is ''.
-- Returns the ids, in the queue's order.
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local fields, checked = {}, {}
local function read(field)
  fields[#fields + 1] = field
  return #fields
end
local function holder(values, at)
  local till = values[at + 1]
  return till and till / 1000 > now and values[at] or ''
end
local pass = {
  is = function(value, wanted) return value == wanted end,
  free_or = function(value, wanted) return value == '' or value == wanted end,
  held_by = function(_, wanted, values, at) return holder(values, at) == wanted end,
  free_or_held_by = function(_, wanted, values, at)
    local found = holder(values, at)
    return found == '' or found == wanted
  end,
  least = function(value, wanted) return value ~= '' and tonumber(value) >= tonumber(wanted) end,
  past = function(value) return value ~= '' and tonumber(value) < now end,
  holds = function(value, wanted) return string.find(value, wanted, 1, true) ~= nil end,
  platform = function(value, wanted) return string.sub(value, 1, #wanted + 1) == wanted .. ':' end,
  channel = function(value, wanted) return value == wanted or string.match(value, '^[^:]*:(.*)$') == wanted end,
  asked = function(value, wanted, values, at)
    return value == '' or values[at + 1] == ARGV[3] or string.find(wanted, ' ' .. value .. ' ', 1, true) ~= nil
  end,
}
local beside = {held_by = 'claimed_until', free_or_held_by = 'claimed_until', asked = 'assigned_to'}
for at = 4, #ARGV, 3 do
  local how = ARGV[at + 1]
  checked[#checked + 1] = {at = read(ARGV[at]), passes = pass[how], wanted = ARGV[at + 2]}
  if beside[how] then read(beside[how]) end
end
local function passes(id)
  local values = redis.call('HMGET', ARGV[1] .. id, unpack(fields))
  for _, check in ipairs(checked) do
    if not check.passes(values[check.at] or '', check.wanted, values, check.at) then return false end
  end
  return true
end
local found, start, wanted = {}, 0, tonumber(ARGV[2])
while true do
  local ids = redis.call('ZRANGE', KEYS[1], start, start + 499)
  for _, id in ipairs(ids) do
    if passes(id) then found[#found + 1] = id end
    if #found == wanted then return found end
  end
  if #ids < 500 then return found end
  start = start + 500
end
