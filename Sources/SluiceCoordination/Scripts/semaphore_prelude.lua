-- What the permit scripts share; it stands before each of them.
-- KEYS  1 record (hash: permits, token: the last one given, ticket: the last one drawn, origin: tokens below it are of an earlier life),
--       2 holders (sorted set: id by token), 3 waiters (sorted set: id by ticket), 4 leases (sorted set: id by its end in ms)
-- An id is NODE/NUMBER/LEASE: whose it is, which of its requests, and for how many ms each sign of life counts.
-- Tokens and tickets are at least the microseconds of TIME, so that data that was lost, or is older than it should be, begins
-- anew above what was given before.
local time = redis.call('TIME')
local micros = time[1] * 1000000 + time[2]
local now = math.floor(micros / 1000)
local record = redis.call('HMGET', KEYS[1], 'permits', 'token', 'ticket', 'origin')
local permits = tonumber(record[1])
local token = tonumber(record[2] or 0)
local ticket = tonumber(record[3] or 0)
local origin = tonumber(record[4])

local function text(number) return string.format('%.0f', number) end

-- Writes the record of a semaphore that has none.
local function create(count, known)
  if permits then return end
  permits = count
  origin = math.max(micros, known + 1)
  redis.call('HSET', KEYS[1], 'permits', count, 'origin', text(origin))
end

-- Keeps the keys of what is in use, and lets go of what nobody has used for long.
local function keep()
  redis.call('PEXPIRE', KEYS[1], 604800000)
  for place = 2, 4 do redis.call('PEXPIRE', KEYS[place], 86400000) end
end

local function extend(id, lease) redis.call('ZADD', KEYS[4], text(now + lease), id) end

local function forget(id)
  local held = redis.call('ZREM', KEYS[2], id)
  redis.call('ZREM', KEYS[3], id)
  redis.call('ZREM', KEYS[4], id)
  return held
end

-- Forgets holders and waiters whose lease has run out.
local function reap()
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[4], '-inf', text(now), 'LIMIT', 0, 500)) do forget(id) end
end

local function draw(known)
  token = math.max(token + 1, known + 1, micros)
  return token
end

local function hold(id, lease)
  redis.call('ZADD', KEYS[2], text(token), id)
  extend(id, lease)
  redis.call('HSET', KEYS[1], 'token', text(token))
end

-- Gives free permits to waiters in the order of their tickets, and tells each on its node's channel. A node that nobody listens for
-- is passed over and keeps its place: it asks again when it is back. `me` asks right now, so it needs no message.
local function promote(me, known, channel)
  if not permits then return nil end
  local free = permits - redis.call('ZCARD', KEYS[2])
  local passed, silent, mine = 0, {}, nil
  while free > 0 do
    local ids = redis.call('ZRANGE', KEYS[3], passed, passed + 99)
    if #ids == 0 then break end
    for _, id in ipairs(ids) do
      if free == 0 then break end
      local node, number, lease = string.match(id, '^(.*)/(%d+)/(%d+)$')
      local given = false
      if id == me then
        mine = draw(known)
        given = true
      elseif node and not silent[node] then
        given = redis.call('PUBLISH', channel .. node, number .. ' ' .. text(draw(known))) > 0
        silent[node] = not given
      end
      if given then
        redis.call('ZREM', KEYS[3], id)
        hold(id, tonumber(lease))
        free = free - 1
      else
        passed = passed + 1
      end
    end
  end
  return mine
end
