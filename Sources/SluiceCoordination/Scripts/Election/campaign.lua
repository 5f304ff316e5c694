-- Tries to take the lease.
-- KEYS  1 leader, 2 epoch
-- ARGV  1 node, 2 lease in ms, 3 the highest epoch that the node has seen
-- Reply {won (1 or 0), epoch, holder, ms left of the holder's lease}
-- Sends nothing: the winner's first renewal tells the pool.
-- Milliseconds; what is left of a living leader's lease is less than this, or than twice the asker's.
local LONGEST = 60000

local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then
  local left = redis.call('PTTL', KEYS[1])
  -- Where the clock was set back, a lease of before ends later than any could: a leader that is alive renews it, a dead one's is to end.
  if left < 0 or left > math.max(LONGEST, 2 * ARGV[2]) then
    redis.call('PEXPIRE', KEYS[1], ARGV[2])
    left = tonumber(ARGV[2])
  end
  return {0, tonumber(redis.call('GET', KEYS[2]) or 0), holder, left}
end
if holder then
  -- The answer to an earlier campaign was lost. A new epoch fences whatever that one may have begun.
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
else
  -- Does nothing, but a full Redis lets a script write after a command that needs no memory.
  redis.call('PERSIST', KEYS[1])
  redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2])
end
-- Redis may have lost the count; a fencing token never goes back.
if tonumber(redis.call('GET', KEYS[2]) or 0) < tonumber(ARGV[3]) then redis.call('SET', KEYS[2], ARGV[3]) end
return {1, redis.call('INCR', KEYS[2]), ARGV[1], tonumber(ARGV[2])}
