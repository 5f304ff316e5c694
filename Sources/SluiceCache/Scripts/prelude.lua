-- Put in front of every script of the cache. Keys of one pool share a hash tag.

-- The server's clock in whole milliseconds.
local function now_ms()
  local t = redis.call('TIME')
  return tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000)
end

-- A number that Redis keeps: 0 where there is none, and where somebody else has written what is none, or none that we would write.
local function number(value)
  local read = tonumber(value or '')
  return read and math.abs(read) < 9007199254740992 and read or 0
end

-- A number as redis-cli should show it.
local function whole(n) return string.format('%.0f', n) end

local DIGESTED = { 'format', 'version', 'status', 'mirror', 'age_ms', 'etag', 'last_modified', 'tags', 'headers', 'encoding', 'body',
  'stored_ms', 'fresh_until_ms', 'refresh_until_ms', 'stale_until_ms' }

-- SHA-1 over the fields that count, each with its length in front (ContentDigest.swift does the same); '' for what is no hash.
local function digest(key)
  local values = redis.pcall('HMGET', key, unpack(DIGESTED))
  if values.err then return '' end
  local parts = {}
  for i, value in ipairs(values) do
    value = value or ''
    if DIGESTED[i] == 'body' and values[i - 1] then value = redis.sha1hex(value) end
    parts[i] = #value .. ':' .. value
  end
  return redis.sha1hex(table.concat(parts))
end

-- One field of a hash, or false when there is none or the key is no hash.
local function field(key, name)
  local value = redis.pcall('HGET', key, name)
  if type(value) == 'table' then return false end
  return value
end

-- What the record is now, so that a later script can tell whether anybody wrote to it in between: '' when there is none.
local function fingerprint(key)
  if redis.call('EXISTS', key) == 0 then return '' end
  local length = redis.pcall('HSTRLEN', key, 'body')
  if type(length) ~= 'number' then return 'other' end
  if length > 65536 then return (field(key, 'version') or '') .. ':' .. length end
  return digest(key)
end

-- Makes the key's invalidation message go out, which wakes whoever waits for it, and leaves the record as it is.
local function touch(key)
  local ttl = redis.call('PTTL', key)
  if ttl == -2 then
    redis.call('SET', key, '')
    redis.call('DEL', key)
  elseif ttl == -1 then
    redis.call('PEXPIRE', key, 1000000)
    redis.call('PERSIST', key)
  else
    redis.call('PEXPIRE', key, math.max(ttl, 1))
  end
end

-- The number of purges so far; what remembers a smaller one is older than the last of them.
local function purge_count(purges) return number(redis.call('GET', purges)) end

-- Counts a purge.
local function count_purge(purges)
  local count = purge_count(purges) + 1
  redis.call('SET', purges, whole(count))
  return count
end

local HOUR, DAY = 3600000, 86400000

-- How long a purge is remembered, in ms: until nothing that is older can live on, and no less than `least`.
local function purge_life(horizon, least)
  return whole(math.max(number(redis.call('GET', horizon)) - now_ms(), least))
end

-- Counts a purge of a record or a tag, and notes its number in the log under this name. A log that holds `limit` names is summed up in one
-- number, under no name: what is older counts as purged, whatever its name. So it is bounded, and asks no clock (PurgeLog.swift does the same).
-- A purge must go through when Redis is full: after a command that frees memory a script may also write.
local function note_purge(purges, log, name, horizon, limit)
  if redis.call('ZCARD', log) >= limit and not redis.call('ZSCORE', log, name) then
    redis.call('DEL', log)
    name = ''
  else
    redis.call('ZREM', log, name)
  end
  local count = count_purge(purges)
  redis.call('ZADD', log, count, name)
  redis.call('PEXPIRE', log, purge_life(horizon, DAY))
  return count
end

-- Whether a name was purged after `count` purges, by the log, or may have been.
local function is_noted(log, name, count)
  return math.max(number(redis.call('ZSCORE', log, name)), number(redis.call('ZSCORE', log, ''))) > count
end

-- Sets how long a flight is its holder's if nothing is heard from him, in ms. The hash itself lives for a day: where the clock is set
-- forward, and nobody else has taken it, what the holder brings still counts.
local function hold(flight, lease)
  -- A full Redis lets a script write after a command that frees memory.
  redis.call('HDEL', flight, '')
  redis.call('HSET', flight, 'until_ms', whole(now_ms() + lease))
  redis.call('PEXPIRE', flight, DAY)
end

-- How long a flight is still its holder's, in ms. A time that no lease can have given is from before the clock was set back; then it
-- begins anew.
local function held_for(flight, lease)
  local left = number(redis.call('HGET', flight, 'until_ms')) - now_ms()
  if left <= math.max(2 * lease, 60000) then return left end
  hold(flight, lease)
  return lease
end

-- Ends a flight without giving it to anybody, and says so for a while, in ms: until then everybody fetches beside everybody else.
-- It keeps its count of purges, so that a later purge ends it. What only its holder needed goes. The hash lives for an hour longer, as
-- long as a request may take: by it a purge tells those who fetch that they are overtaken.
local function decline(flight, span)
  redis.call('HDEL', flight, 'token', 'holder', 'taken_ms', 'seen', 'seen_until_ms', 'waited_for')
  redis.call('HSET', flight, 'declined', '1')
  hold(flight, span)
  redis.call('PEXPIRE', flight, whole(span + HOUR))
end

-- Whether a prefix of this record's name was purged after `count` purges. The log holds prefixes by the number of their last purge.
local function is_prefix_purged(log, record, count)
  for _, prefix in ipairs(redis.call('ZRANGEBYSCORE', log, '(' .. whole(count), '+inf')) do
    if string.sub(record, 1, #prefix) == prefix then return true end
  end
  return false
end

-- Whether the flight is held with this token, and nobody has written to the record or purged a prefix of its name since it was taken.
-- The record's natural end is no write.
local function is_valid(flight, record, token, log)
  if redis.call('HGET', flight, 'token') ~= token then return false end
  if is_prefix_purged(log, record, number(redis.call('HGET', flight, 'purges'))) then return false end
  local seen = redis.call('HGET', flight, 'seen')
  local current = fingerprint(record)
  if current == seen then return true end
  local ends = tonumber(redis.call('HGET', flight, 'seen_until_ms') or '')
  return current == '' and ends ~= nil and now_ms() >= ends
end

-- Writes a record, whose fields begin at ARGV[first], and enters it under its tags: KEYS[tags], KEYS[tags + 2] ...
-- Its times begin now and last `fresh`, `refresh` and `stale` ms. Returns them as texts.
-- The first command is one that a full Redis refuses, so that nothing is changed then: after a DEL it would let all through.
local function write_record(record, horizon, purges, tags, first, fresh, refresh, stale)
  local now = now_ms()
  local ends = { fresh = now + fresh, refresh = now + refresh, stale = now + stale }
  local ttl = math.max(ends.stale - now, 1)
  local last = math.max(ends.stale, number(redis.call('GET', horizon)))
  redis.call('SET', horizon, whole(last), 'PX', whole(math.max(last - now, 3600000)))
  redis.call('DEL', record)
  redis.call('HSET', record, 'stored_ms', whole(now), 'fresh_until_ms', whole(ends.fresh), 'refresh_until_ms', whole(ends.refresh),
    'stale_until_ms', whole(ends.stale), 'purges', purges)
  for i = first, #ARGV, 2 do redis.call('HSET', record, ARGV[i], ARGV[i + 1]) end
  redis.call('PEXPIRE', record, whole(ttl))
  for i = tags, #KEYS, 2 do
    redis.call('ZREMRANGEBYSCORE', KEYS[i], '-inf', whole(now))
    redis.call('ZADD', KEYS[i], whole(ends.stale), record)
    if redis.call('PTTL', KEYS[i]) < ttl then redis.call('PEXPIRE', KEYS[i], whole(ttl)) end
  end
  return whole(now), whole(ends.fresh), whole(ends.refresh), whole(ends.stale)
end

-- Gives up a flight that is the caller's, and wakes those who were told to wait for it.
local function release(flight, record)
  local waited_for = redis.call('HGET', flight, 'waited_for')
  redis.call('DEL', flight)
  if waited_for then touch(record) end
end
