-- Deletes a record, and takes its flight from whoever holds it: what is being fetched may be older than this call.
--
-- KEYS  1 record  2 flight
-- Reply 1 when there was a record, else 0.
-- Messages: the record's invalidation, always: the holder of the flight learns from it that a new fetch is needed.

local had = redis.call('EXISTS', KEYS[1])
if had == 1 then redis.call('DEL', KEYS[1]) end
if redis.call('DEL', KEYS[2]) == 1 and had == 0 then touch(KEYS[1]) end
return had
