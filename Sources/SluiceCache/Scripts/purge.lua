-- Deletes a record, and takes its flight from whoever holds it: what is being fetched may be older than this call.
--
-- KEYS  1 record  2 flight  3 count of purges  4 log of purges  5 horizon
-- ARGV  1 how many names the log may hold
-- Reply 1 when there was a record, else 0.
-- Messages: the record's invalidation, if there was a record or a flight: the holder learns from it that a new fetch is needed.

note_purge(KEYS[3], KEYS[4], KEYS[1], KEYS[5], tonumber(ARGV[1]))
local had = redis.call('EXISTS', KEYS[1])
if had == 1 then redis.call('DEL', KEYS[1]) end
if redis.call('DEL', KEYS[2]) == 1 and had == 0 then touch(KEYS[1]) end
return had
