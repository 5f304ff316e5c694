-- Gives the lease back, when this node holds it, and tells the pool, so that the next one need not wait for its end.
-- KEYS  1 leader
-- ARGV  1 node, 2 channel of beats, 3 the farewell
-- Reply 1 when the lease was given back, 0 when the node did not hold it
-- Sends the farewell on the channel of beats.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
redis.call('PUBLISH', ARGV[2], ARGV[3])
return 1
