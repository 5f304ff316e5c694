-- Gives a flight up without a fill, so that one of those who wait takes it over.
--
-- KEYS  1 record  2 flight
-- ARGV  1 token
-- Reply 1 when it was the caller's, else 0.
-- Messages: the record's invalidation, if anybody was told to wait. All wake; the first to look up takes the flight.

if redis.call('HGET', KEYS[2], 'token') ~= ARGV[1] then return 0 end
release(KEYS[2], KEYS[1])
return 1
