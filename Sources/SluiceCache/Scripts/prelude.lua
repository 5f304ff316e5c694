-- Put in front of every script of the cache. Keys of one pool share a hash tag.

-- The server's clock in whole milliseconds.
local function now_ms()
  local t = redis.call('TIME')
  return tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000)
end

-- A number as redis-cli should show it.
local function whole(n) return string.format('%.0f', n) end

local DIGESTED = { 'format', 'version', 'status', 'mirror', 'age_ms', 'etag', 'last_modified', 'tags', 'headers', 'body',
  'stored_ms', 'fresh_until_ms', 'refresh_until_ms', 'stale_until_ms' }

-- SHA-1 over the fields that count, each with its length in front (ContentDigest.swift does the same); '' for what is no hash.
local function digest(key)
  local values = redis.pcall('HMGET', key, unpack(DIGESTED))
  if values.err then return '' end
  local parts = {}
  for i, value in ipairs(values) do
    value = value or ''
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

-- Whether the flight is held with this token, and nobody has written to the record since it was taken. Its natural end is no write.
local function is_valid(flight, record, token)
  if redis.call('HGET', flight, 'token') ~= token then return false end
  local seen = redis.call('HGET', flight, 'seen')
  local current = fingerprint(record)
  if current == seen then return true end
  local ends = tonumber(redis.call('HGET', flight, 'seen_until_ms') or '')
  return current == '' and ends ~= nil and now_ms() >= ends
end

-- Gives up a flight that is the caller's, and wakes those who were told to wait for it.
local function release(flight, record)
  local waited_for = redis.call('HGET', flight, 'waited_for')
  redis.call('DEL', flight)
  if waited_for then touch(record) end
end
