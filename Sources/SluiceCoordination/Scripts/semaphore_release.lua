-- Gives a permit back, or a place in the queue up; the next waiter has it at once.
-- KEYS  as the prelude
-- ARGV  1 id, 2 highest token known, 3 start of a node's channel
-- Reply 1 when it held a permit, 0 when it did not
-- Sends as semaphore_ask.
local held = forget(ARGV[1])
reap()
promote(nil, tonumber(ARGV[2]), ARGV[3])
return held
