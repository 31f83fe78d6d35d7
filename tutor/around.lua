-- What every web process asks once a second, in one visit: who works, and how long text waits to be kept.
--
-- KEYS  1 output stream
-- ARGV  1 pattern of the workers' keys
-- Gives {milliseconds that the stream's oldest entry which no scribe has acked has waited, heartbeat, heartbeat, …}. Ages are
-- by Redis' own clock, as the entries' ids are.

local STREAM, WORKERS = KEYS[1], ARGV[1]

local function oldest()
  if redis.call('EXISTS', STREAM) == 0 then return nil end
  local words = redis.call('XINFO', 'GROUPS', STREAM)[1] or {}
  local group = {pending = 0, ['last-delivered-id'] = '0-0'}
  for at = 1, #words, 2 do group[words[at]] = words[at + 1] end
  if group.pending > 0 then return redis.call('XPENDING', STREAM, group.name)[2] end
  local found = redis.call('XRANGE', STREAM, '(' .. group['last-delivered-id'], '+', 'COUNT', 1)[1]
  return found and found[1]
end

local entry, waited = oldest(), 0
if entry then
  local now = redis.call('TIME')
  waited = now[1] * 1000 + math.floor(now[2] / 1000) - tonumber(string.match(entry, '^%d+'))
end
local found, cursor, seen = {waited}, '0', {}
repeat
  local page = redis.call('SCAN', cursor, 'MATCH', WORKERS, 'COUNT', 1000)
  cursor = page[1]
  for _, name in ipairs(page[2]) do
    local text = not seen[name] and redis.call('GET', name)
    if text then table.insert(found, text) end
    seen[name] = true
  end
until cursor == '0'
return found
