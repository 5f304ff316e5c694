-- Stores an answer that nobody asked for by its own name: an item of a collection. Whoever waits for its key is woken by the write.
--
-- KEYS  1 record  2 count of purges  3 log of purges  4 horizon  5 log of purged prefixes  then for each tag: its index, its last purge
-- ARGV  1 count of purges when the collection was asked for  2 the answer's age in ms
--       3 fresh, 4 refresh, 5 stale: spans in ms from now  6.. field, value, field, value ...
-- Reply { 'filled' | 'kept' | 'refused', stored ms, fresh until, refresh until, stale until }
-- Kept: there is a fresh record that is no older, but for the 100 ms by which ages that were measured on different clocks, and on the way,
-- may differ. Refused: the key or one of the tags was purged since the collection was asked for, or may
-- have been, since there were more purges than the log can hold; or Redis has lost its data since.
-- Messages: the record's invalidation, when it was filled.

local since = tonumber(ARGV[1])
if since > purge_count(KEYS[2]) or is_noted(KEYS[3], KEYS[1], since) or is_prefix_purged(KEYS[5], KEYS[1], since) then
  return { 'refused' }
end
for i = 6, #KEYS, 2 do
  if is_noted(KEYS[3], KEYS[i], since) then return { 'refused' } end
end

local now = now_ms()
local version
for i = 6, #ARGV, 2 do
  if ARGV[i] == 'version' then version = ARGV[i + 1] end
end
local current = field(KEYS[1], 'version')
if current then
  local times = redis.call('HMGET', KEYS[1], 'stored_ms', 'fresh_until_ms', 'refresh_until_ms', 'stale_until_ms')
  local stored, fresh = tonumber(times[1] or ''), tonumber(times[2] or '')
  local age = tonumber(field(KEYS[1], 'age_ms') or '')
  -- The same once more, since its first reply was lost.
  if current == version then return { 'filled', unpack(times) } end
  if stored and fresh and age and fresh > now and stored - age + 100 >= now - ARGV[2] then return { 'kept' } end
end
return { 'filled', write_record(KEYS[1], KEYS[4], ARGV[1], 6, 6, ARGV[3], ARGV[4], ARGV[5]) }
