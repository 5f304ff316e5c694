-- Reads a record; where none is fresh, takes the flight, or says who has it.
--
-- KEYS  1 record  2 flight  3 count of purges  4 log of purged prefixes
-- ARGV  1 token to take the flight with   2 lease in ms   3 holder's name
--       4 mode: 'take', 'read' (never take), 'force' (take though a record seems fresh: the caller could not read it) or 'ahead' (take
--         though it is fresh, as long as it is the one that the caller has: it is to be refreshed before its end)
--       5 version of the record that the caller has, or ''   6 digest of that record
--       7 how many ms ago a mirror may have given or confirmed the record, for it to be fresh to the caller, or ''
-- Reply { record: 'none' | 'same' | 'whole',
--         flight: 'unneeded' | 'taken' | 'held' | 'declined' (its answers are not kept: fetch without it),
--         the flight's remaining lease in ms, the server's time in ms, the record's fields when 'whole',
--         the count of purges, when 'taken' that of the flight }
-- Messages: the record's invalidation, when it was older than a purge of a prefix of its name and is deleted here.

local now = now_ms()
local mode = ARGV[4]
local purges = whole(purge_count(KEYS[3]))
local version = mode ~= 'force' and field(KEYS[1], 'version')
local record = 'none'
local fields = {}
local fresh = false

if version then
  local count = number(field(KEYS[1], 'purges'))
  -- A count that is ahead of the pool's is from before a loss of data.
  if count > tonumber(purges) or is_prefix_purged(KEYS[4], KEYS[1], count) then
    if mode ~= 'read' then redis.call('DEL', KEYS[1]) end
    version = false
  end
end

if version then
  local fresh_until = tonumber(field(KEYS[1], 'fresh_until_ms') or '')
  -- One from the future was stored before the clock was set back: nobody knows how old it is.
  local stored = number(field(KEYS[1], 'stored_ms'))
  fresh = fresh_until ~= nil and fresh_until > now and stored <= now + 1000
  local bound = tonumber(ARGV[7] or '')
  -- One from just ahead, since the clock was set back by a little, is as old as nobody knows.
  if fresh and bound then fresh = stored <= now and now - stored + number(field(KEYS[1], 'held_ms')) <= bound end
  if version == ARGV[5] and ARGV[6] ~= '' and digest(KEYS[1]) == ARGV[6] then
    record = 'same'
  else
    record = 'whole'
    fields = redis.call('HGETALL', KEYS[1])
  end
end

if mode == 'ahead' and version == ARGV[5] then fresh = false end
if fresh or mode == 'read' then return { record, 'unneeded', 0, whole(now), fields, purges } end

local lease = held_for(KEYS[2], tonumber(ARGV[2]))
local token, then_purges, declined = unpack(redis.call('HMGET', KEYS[2], 'token', 'purges', 'declined'))
-- A flight that is older than a purge of its prefix can fill nothing any more: it is in nobody's way.
if lease > 0 and not is_prefix_purged(KEYS[4], KEYS[1], number(then_purges)) then
  -- Our own question asked again, since its first answer was lost. The lease begins anew: the caller renews it by when he was answered.
  if token == ARGV[1] then
    hold(KEYS[2], tonumber(ARGV[2]))
    return { record, 'taken', tonumber(ARGV[2]), whole(now), fields, whole(number(then_purges)) }
  end
  if declined then return { record, 'declined', lease, whole(now), fields, purges } end
  if mode ~= 'ahead' then
    -- A full Redis lets a script write after a command that frees memory.
    redis.call('HDEL', KEYS[2], '')
    redis.call('HSET', KEYS[2], 'waited_for', whole(number(redis.call('HGET', KEYS[2], 'waited_for')) + 1))
  end
  return { record, 'held', lease, whole(now), fields, purges }
end

redis.call('DEL', KEYS[2])
redis.call('HSET', KEYS[2], 'token', ARGV[1], 'holder', ARGV[3], 'taken_ms', whole(now), 'seen', fingerprint(KEYS[1]),
  'seen_until_ms', field(KEYS[1], 'stale_until_ms') or '', 'purges', purges)
hold(KEYS[2], tonumber(ARGV[2]))
return { record, 'taken', tonumber(ARGV[2]), whole(now), fields, purges }
