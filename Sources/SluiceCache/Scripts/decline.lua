-- Ends a flight whose answer must not be kept, and says so for a while: until then everybody fetches without waiting for anybody.
-- The record goes, unless somebody wrote to it since the flight was taken: the mirror has said that it is so no longer.
--
-- KEYS  1 record  2 flight  3 log of purged prefixes
-- ARGV  1 token  2 for how many ms it is said
-- Reply 1 when it was the caller's, else 0.
-- Messages: the record's invalidation, if it went or anybody was told to wait. All wake, and fetch side by side.

if redis.call('HGET', KEYS[2], 'token') ~= ARGV[1] then return 0 end
local is_superseded = is_valid(KEYS[2], KEYS[1], ARGV[1], KEYS[3])
local waited_for = redis.call('HGET', KEYS[2], 'waited_for')
decline(KEYS[2], tonumber(ARGV[2]))
local has_gone = is_superseded and redis.call('DEL', KEYS[1]) == 1
if waited_for and not has_gone then touch(KEYS[1]) end
return 1
