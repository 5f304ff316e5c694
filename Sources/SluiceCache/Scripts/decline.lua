-- Ends a flight whose answer must not be kept, and says so for a while: until then everybody fetches without waiting for anybody.
--
-- KEYS  1 record  2 flight
-- ARGV  1 token  2 for how many ms it is said
-- Reply 1 when it was the caller's, else 0.
-- Messages: the record's invalidation, if anybody was told to wait. All wake, and fetch side by side.

if redis.call('HGET', KEYS[2], 'token') ~= ARGV[1] then return 0 end
local waited_for = redis.call('HGET', KEYS[2], 'waited_for')
decline(KEYS[2], tonumber(ARGV[2]))
if waited_for then touch(KEYS[1]) end
return 1
