-- Take the next job: all or nothing, at most once for each (answer, attempt), fair over classes and their rooms.
--
-- KEYS  1 list of jobs   2 output stream   3 hash of shares   4 hash room -> its worker   5 hash entry -> first passed over
-- ARGV  1–4 templates of the keys job, taken, stop, worker   5 who takes   6 seconds that a job lives
--       7 info of `started`   8 the stream's field   9 milliseconds that a job waits for the worker that knows its room
--       10 the class of what nobody waits for: such a job is taken when there is no other, oldest first, and charges nobody
-- Gives {answer, attempt, job, 1 if stopped, class, room, reserved tokens}; or the name of another worker, if all that is there waits
-- for others and for that one first; or nil.
--
-- Fairness is start-time fair queueing (Goyal et al. 1996) on two levels. A group's share is the virtual time at which
-- what it was given ends; its next job starts there, or now if it was idle meanwhile, so that nobody saves up. The class
-- that starts first is served, in it the room that starts first, in it the oldest job. What a job will cost is not known:
-- its longest answer is reserved and the rest given back at its end (`settle`).

local JOBS, STREAM, SHARES, HOMES, PASSED = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local BYTES_A_TOKEN, OUTPUT_WEIGHT, KEPT_MAX = 4, 2, 4096

local function named(template, words)
  return (string.gsub(template, '{(%w+)}', words))
end

local starts = {}
local function start(share, clock)
  if not starts[share] then
    local found = redis.call('HMGET', SHARES, share, clock)
    starts[share] = math.max(tonumber(found[1]) or 0, tonumber(found[2]) or 0)
  end
  return starts[share]
end

local function charge(share, clock, cost)
  local from = start(share, clock)
  redis.call('HSET', SHARES, clock, string.format('%.17g', from), share, string.format('%.17g', from + cost))
  starts[share] = nil
end

local function read(entry)
  local answer, attempt, class, room = string.match(entry, '^([^:]+):(%d+):([^:]*):([^:]*)$')
  if not answer then return nil end
  local words = {answer = answer, attempt = attempt}
  local job = {
    entry = entry, answer = answer, attempt = attempt, words = words, class = class, room = room,
    text = named(ARGV[1], words), taken = named(ARGV[2], words),
    class_share = 'class:' .. class, room_share = 'room:' .. room, class_clock = 'now', room_clock = 'now:' .. class,
    is_background = class == ARGV[10],
  }
  if redis.call('EXISTS', job.text) == 0 or redis.call('EXISTS', job.taken) == 1 then return nil end
  return job
end

-- Which other living worker still has the room's text in its memory, and should have a moment to take the job; or nil.
local function elsewhere(job)
  local home = redis.call('HGET', HOMES, job.room)
  if job.room == '' or not home or home == ARGV[5] then return nil end
  if redis.call('EXISTS', named(ARGV[4], {name = home})) == 0 then return nil end
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  redis.call('HSETNX', PASSED, job.entry, now)
  return now - tonumber(redis.call('HGET', PASSED, job.entry)) < tonumber(ARGV[9]) and home or nil
end

local function before(one, other)
  if not other then return true end
  if one.is_background or other.is_background then return not one.is_background end
  local mine, theirs = start(one.class_share, one.class_clock), start(other.class_share, other.class_clock)
  if mine ~= theirs then return mine < theirs end
  if one.class_share ~= other.class_share then return false end
  return start(one.room_share, one.room_clock) < start(other.room_share, other.room_clock)
end

local chosen, passed = nil, false -- false is nil in Redis
local entries = redis.call('LRANGE', JOBS, 0, -1)
for at = #entries, 1, -1 do -- the oldest first, who keeps her place among equals
  local job = read(entries[at])
  if not job then
    redis.call('LREM', JOBS, -1, entries[at])
  elseif before(job, chosen) then
    local home = elsewhere(job)
    if home then passed = passed or home else chosen = job end
  end
end
if not chosen then return passed end

local text = redis.call('GET', chosen.text)
local ok, job = pcall(cjson.decode, text)
job = ok and type(job) == 'table' and job or {}
local prefix = type(job.prefix) == 'string' and job.prefix or ''
local longest = type(job.sampling) == 'table' and tonumber(job.sampling.max_tokens) or 0
local reserved = chosen.is_background and 0 or #text / BYTES_A_TOKEN + OUTPUT_WEIGHT * longest
-- They live as long as anybody takes a job. Above the bound everybody begins anew, as equals and without a home.
for _, key in ipairs({SHARES, HOMES, PASSED}) do
  if redis.call('HLEN', key) > KEPT_MAX then redis.call('DEL', key) end
end
if not chosen.is_background then
  charge(chosen.class_share, chosen.class_clock, reserved)
  charge(chosen.room_share, chosen.room_clock, reserved)
end
redis.call('HDEL', PASSED, chosen.entry)
if chosen.room ~= '' then redis.call('HSET', HOMES, chosen.room, ARGV[5]) end
for _, key in ipairs({SHARES, HOMES, PASSED}) do redis.call('EXPIRE', key, ARGV[6]) end

redis.call('LREM', JOBS, -1, chosen.entry)
redis.call('SET', chosen.taken, ARGV[5], 'EX', ARGV[6])
-- Offsets count code points: all bytes of UTF-8 but those that continue a character.
local _, length = string.gsub(prefix, '[^\128-\191]', '')
redis.call('XADD', STREAM, '*', ARGV[8], cjson.encode({
  answer = chosen.answer, attempt = tonumber(chosen.attempt), kind = 'started', offset = length, text = '',
  reason = '', sha256 = '', info = cjson.decode(ARGV[7]),
}))
local stopped = redis.call('EXISTS', named(ARGV[3], chosen.words))
return {chosen.answer, chosen.attempt, text, stopped, chosen.class, chosen.room, tostring(reserved)}
