-- Extends the lease of a holder. One that held before the data was lost gets its place back while there is room;
-- a lock's holder only if nobody was given the lock since.
-- KEYS  as the prelude
-- ARGV  1 id, 2 permits, 3 its token, 4 lease in ms, 5 highest token known, 6 start of a node's channel
-- Reply 1 when it holds, 0 when it does not
-- Sends as semaphore_ask.
local id, count, mine, lease, known = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
create(count, known)
local holds = redis.call('ZSCORE', KEYS[2], id)
-- Nobody was given its place yet, so it may keep it even a little late.
if holds then extend(id, lease) end
reap()
if not holds and mine < origin and (permits > 1 or token < origin) and redis.call('ZCARD', KEYS[2]) < permits then
  redis.call('ZADD', KEYS[2], text(mine), id)
  extend(id, lease)
  holds = true
end
promote(nil, known, ARGV[6])
keep()
return holds and 1 or 0
