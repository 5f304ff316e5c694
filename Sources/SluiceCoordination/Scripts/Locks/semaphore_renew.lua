-- Extends the lease of a holder. One that held before the data was lost, or was set back, gets its place back while there is room;
-- a lock's holder only if nobody was given the lock since.
-- KEYS  as the prelude
-- ARGV  1 id, 2 permits, 3 its token, 4 lease in ms, 5 highest token known, 6 start of a node's channel
-- Reply 1 when it holds, 0 when it does not
-- Sends as semaphore_ask.
local id, count, mine, lease, known = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
read()
open(count, known)
-- A record that never heard of this token is older than it.
local given = token
if mine > token then
  token = mine
  if mine >= origin then origin = mine + 1 end
  redis.call('HSET', KEYS[1], 'origin', text(origin), 'token', text(token))
end
local holds = redis.call('ZSCORE', KEYS[2], id)
-- Nobody was given its place yet, so it may keep it even a little late.
if holds then redis.call('ZADD', KEYS[2], text(now + lease), id) end
local held, waits = reap()
if not holds and held < permits and mine < origin and (permits > 1 or mine > given) then
  redis.call('ZADD', KEYS[2], text(now + lease), id)
  keep(2)
  held = held + 1
  holds = true
end
if waits then promote(held, nil, nil, known, ARGV[6]) end
return holds and 1 or 0
