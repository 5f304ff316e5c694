-- What the permit scripts share; it stands before each of them.
-- KEYS  1 record (hash: permits, token: the last one given, ticket: the last one drawn, origin: tokens below it are of an earlier life,
--       kept: when the keys' time to live was last renewed), 2 holders (sorted set: id by the end of its lease in ms),
--       3 waiters (sorted set: id by ticket), 4 leases (sorted set: waiters by the end of their lease in ms)
-- An id is NODE/NUMBER/LEASE: whose it is, which of its requests, and for how many ms each sign of life counts.
-- A holder and its lease are one entry, so that no loss of a key can leave the one without the other.
-- Tokens and tickets are at least the microseconds of TIME, so that data that was lost, or is older than it should be, begins
-- anew above what was given before.
local micros, now, permits, token, ticket, origin, kept

local function text(number) return string.format('%.0f', number) end

local function read()
  local time = redis.call('TIME')
  micros = time[1] * 1000000 + time[2]
  now = math.floor(micros / 1000)
  local record = redis.call('HMGET', KEYS[1], 'permits', 'token', 'ticket', 'origin', 'kept')
  permits = tonumber(record[1])
  token = tonumber(record[2] or 0)
  ticket = tonumber(record[3] or 0)
  origin = tonumber(record[4] or 0)
  kept = tonumber(record[5] or 0)
end

-- A week for the record, a day for who holds and waits: what nobody uses any more vanishes.
local function keep(place) redis.call('PEXPIRE', KEYS[place], place == 1 and 604800000 or 86400000) end

-- Writes the record of a semaphore that has none; renews what is in use once an hour.
local function open(count, known)
  if not permits then
    permits = count
    origin = math.max(micros, known + 1)
    redis.call('HSET', KEYS[1], 'permits', count, 'origin', text(origin), 'kept', text(now))
    keep(1)
  elseif math.abs(now - kept) > 3600000 then
    redis.call('HSET', KEYS[1], 'kept', text(now))
    for place = 1, 4 do keep(place) end
  end
end

-- Where the clock was set back, a lease of before ends later than it could: it counts from now on. Leases of the living are renewed.
local function bound(place)
  for _ = 1, 500 do
    local last = redis.call('ZRANGE', KEYS[place], -1, -1, 'WITHSCORES')
    local own = last[1] and tonumber(string.match(last[1], '/(%d+)$'))
    if not own or tonumber(last[2]) <= now + own then return end
    redis.call('ZADD', KEYS[place], text(now + own), last[1])
  end
end

-- Forgets holders and waiters whose lease has run out. Returns how many hold, and whether anybody waits.
local function reap()
  local held, waits = 0, redis.call('EXISTS', KEYS[3]) == 1
  local first = redis.call('ZRANGE', KEYS[2], 0, 0, 'WITHSCORES')
  if first[2] then
    if tonumber(first[2]) <= now then redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', text(now)) end
    held = redis.call('ZCARD', KEYS[2])
    if permits and held >= permits then bound(2) end
  end
  if waits then
    bound(4)
    local dead = redis.call('ZRANGEBYSCORE', KEYS[4], '-inf', text(now), 'LIMIT', 0, 500)
    if dead[1] then
      redis.call('ZREM', KEYS[3], unpack(dead))
      redis.call('ZREM', KEYS[4], unpack(dead))
      waits = redis.call('EXISTS', KEYS[3]) == 1
    end
  end
  return held, waits
end

local function draw(known)
  token = math.max(token + 1, known + 1, micros)
  return token
end

-- Gives free permits to waiters in the order of their tickets, and tells each on its node's channel. A node that nobody listens for
-- is passed over and keeps its place: it asks again when it is back. `me` asks right now, so it needs no message.
-- A waiter's lease goes on as it was: that of one that cannot answer any more ends as soon as if it still waited.
local function promote(held, me, lease, known, channel)
  local free, passed, chunk, silent, mine = permits - held, 0, nil, {}, nil
  local given = 0
  while free > 0 do
    chunk = chunk and 100 or math.min(free, 100)
    local ids = redis.call('ZRANGE', KEYS[3], passed, passed + chunk - 1)
    if #ids == 0 then break end
    for _, id in ipairs(ids) do
      if free == 0 then break end
      local ends = nil
      if id == me then
        mine = draw(known)
        ends = now + lease
      else
        local node, number, own = string.match(id, '^(.*)/(%d+)/(%d+)$')
        if node and not silent[node] then
          if redis.call('PUBLISH', channel .. node, number .. ' ' .. text(draw(known))) > 0 then
            ends = tonumber(redis.call('ZSCORE', KEYS[4], id) or now + own)
          else
            silent[node] = true
          end
        end
      end
      if ends then
        redis.call('ZREM', KEYS[3], id)
        redis.call('ZREM', KEYS[4], id)
        redis.call('ZADD', KEYS[2], text(ends), id)
        free = free - 1
        given = given + 1
      else
        passed = passed + 1
      end
    end
  end
  if given > 0 then redis.call('HSET', KEYS[1], 'token', text(token)) end
  if given > 0 and held == 0 then keep(2) end
  return mine
end
