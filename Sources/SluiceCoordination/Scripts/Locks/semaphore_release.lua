-- Gives a permit back, or a place in the queue up; the next waiter has it at once.
-- KEYS  as the prelude
-- ARGV  1 id, 2 highest token known, 3 start of a node's channel
-- Reply 1 when it held a permit, 0 when it did not
-- Sends as semaphore_ask.
local id = ARGV[1]
local mine = redis.call('ZREM', KEYS[2], id)
if redis.call('EXISTS', KEYS[3]) == 0 then return mine end
if mine == 0 then
  redis.call('ZREM', KEYS[3], id)
  redis.call('ZREM', KEYS[4], id)
end
read()
local held, waits = reap()
if waits and permits then promote(held, nil, nil, tonumber(ARGV[2]), ARGV[3]) end
return mine
