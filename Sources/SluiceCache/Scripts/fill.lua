-- Stores a record. The write's own invalidation message wakes whoever waits for the flight.
--
-- KEYS  1 record  2 flight  then for each tag: its index, its last purge
-- ARGV  1 token, or '' to store without a flight (warm-up)
--       2 fresh, 3 refresh, 4 stale: spans in ms from now   5.. field, value, field, value ...
--         (with a token, the field version is that token)
-- Reply { 'filled' | 'refused', stored ms, fresh until, refresh until, stale until }
-- Refused: the token is not the flight's, or somebody wrote to the record or purged one of its tags since the flight was taken.
-- A refusal releases the flight, if it still is the caller's.
-- Messages: the record's invalidation; after a refusal only if anybody was told to wait.

local now = now_ms()
local token = ARGV[1]
if token ~= '' then
  if redis.call('HGET', KEYS[2], 'token') ~= token then
    -- The same fill again, since its first reply was lost.
    if field(KEYS[1], 'version') == token then
      return { 'filled', unpack(redis.call('HMGET', KEYS[1], 'stored_ms', 'fresh_until_ms', 'refresh_until_ms', 'stale_until_ms')) }
    end
    return { 'refused' }
  end
  local allowed = is_valid(KEYS[2], KEYS[1], token)
  local purges = tonumber(redis.call('HGET', KEYS[2], 'tag_purges') or '0')
  for i = 4, #KEYS, 2 do
    if tonumber(redis.call('GET', KEYS[i]) or '0') > purges then allowed = false end
  end
  if not allowed then
    release(KEYS[2], KEYS[1])
    return { 'refused' }
  end
end

local fresh, refresh, stale = now + ARGV[2], now + ARGV[3], now + ARGV[4]
local ttl = math.max(stale - now, 1)
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'stored_ms', whole(now), 'fresh_until_ms', whole(fresh), 'refresh_until_ms', whole(refresh),
  'stale_until_ms', whole(stale))
for i = 5, #ARGV, 2 do redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
redis.call('PEXPIRE', KEYS[1], whole(ttl))
if token ~= '' then redis.call('DEL', KEYS[2]) end

for i = 3, #KEYS, 2 do
  redis.call('ZREMRANGEBYSCORE', KEYS[i], '-inf', whole(now))
  redis.call('ZADD', KEYS[i], whole(stale), KEYS[1])
  if redis.call('PTTL', KEYS[i]) < ttl then redis.call('PEXPIRE', KEYS[i], whole(ttl)) end
end
return { 'filled', whole(now), whole(fresh), whole(refresh), whole(stale) }
