-- The holder's sign of life: keeps the flight while it waits for a slot and for the mirror.
--
-- KEYS  1 record  2 flight  3 log of purged prefixes
-- ARGV  1 token  2 lease in ms
-- Reply 1 when it is still the caller's and nobody wrote to the record or purged it since it was taken; 0 when not: a fill would be
-- refused, and the flight has been released if it still was the caller's.
-- Messages: after a 0, the record's invalidation, if anybody was told to wait.

if redis.call('HGET', KEYS[2], 'token') ~= ARGV[1] then return 0 end
if not is_valid(KEYS[2], KEYS[1], ARGV[1], KEYS[3]) then
  release(KEYS[2], KEYS[1])
  return 0
end
hold(KEYS[2], tonumber(ARGV[2]))
return 1
