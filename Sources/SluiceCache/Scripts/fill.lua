-- Stores what a flight fetched. The write's own invalidation message wakes whoever waits for the flight.
-- What is for failures only (max-age=0, say) does for none of them: the flight is declined then, so that they fetch side by side.
--
-- KEYS  1 record  2 flight  3 horizon  4 log of purged prefixes  then for each tag: its index, its last purge
-- ARGV  1 token  2 fresh, 3 refresh, 4 stale: spans in ms from now
--       5 for how many ms it is said that nobody needs to wait, where what is stored is for failures only  6.. field, value, field, value ...
--         (the field version is the token)
-- Reply { 'filled' | 'refused', stored ms, fresh until, refresh until, stale until }
-- Refused: the token is not the flight's, or since it was taken somebody wrote to the record, or purged it by a prefix or one of its tags.
--          A purge of a tag is remembered for an hour here: what has tags and took longer is refused as well.
-- A refusal releases the flight, if it still is the caller's.
-- Messages: the record's invalidation; after a refusal only if anybody was told to wait.

local token = ARGV[1]
if redis.call('HGET', KEYS[2], 'token') ~= token then
  -- The same fill again, since its first reply was lost.
  if field(KEYS[1], 'version') == token then
    return { 'filled', unpack(redis.call('HMGET', KEYS[1], 'stored_ms', 'fresh_until_ms', 'refresh_until_ms', 'stale_until_ms')) }
  end
  return { 'refused' }
end
local purges = number(redis.call('HGET', KEYS[2], 'purges'))

-- Whether one of its tags was purged since the flight was taken, or may have been.
local function is_tag_purged()
  for i = 6, #KEYS, 2 do
    if number(redis.call('GET', KEYS[i])) > purges then return true end
  end
  return #KEYS > 4 and now_ms() - number(redis.call('HGET', KEYS[2], 'taken_ms')) > HOUR
end

if not is_valid(KEYS[2], KEYS[1], token, KEYS[4]) or is_tag_purged() then
  release(KEYS[2], KEYS[1])
  return { 'refused' }
end
local times = { 'filled', write_record(KEYS[1], KEYS[3], whole(purges), 5, 6, ARGV[2], ARGV[3], ARGV[4]) }
if tonumber(ARGV[3]) > 0 then redis.call('DEL', KEYS[2]) else decline(KEYS[2], tonumber(ARGV[5])) end
return times
