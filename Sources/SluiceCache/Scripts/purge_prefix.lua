-- Purges every record whose name begins with a prefix, at no cost for each: what is older than the log's entry is dead. A dead record is
-- deleted when it is looked up, or by its TTL.
--
-- KEYS  1 count of purges  2 log of purged prefixes: a sorted set, by the number of their last purge  3 horizon
-- ARGV  1 the prefix of records' names  2 the prefix of all records' names: to purge everything, the same
--       3 how many prefixes the log may hold; more become everything
-- Reply the prefix that was purged.
-- Messages: the invalidation of a name that is no record's: ARGV[2], '>', and the rest of the prefix.

local prefix = ARGV[1]
if redis.call('ZCARD', KEYS[2]) >= tonumber(ARGV[3]) and not redis.call('ZSCORE', KEYS[2], prefix) then prefix = ARGV[2] end
-- First a command that frees memory, so that the others go through when Redis is full.
if prefix == ARGV[2] then redis.call('DEL', KEYS[2]) else redis.call('ZREM', KEYS[2], prefix) end
redis.call('ZADD', KEYS[2], count_purge(KEYS[1]), prefix)
redis.call('PEXPIRE', KEYS[2], purge_life(KEYS[3], DAY))
touch(ARGV[2] .. '>' .. string.sub(prefix, #ARGV[2] + 1))
return prefix
