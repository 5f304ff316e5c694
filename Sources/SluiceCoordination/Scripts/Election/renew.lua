-- Extends the lease of the node that holds it, and tells the pool.
-- KEYS  1 leader, 2 epoch
-- ARGV  1 node, 2 lease in ms, 3 epoch, 4 channel of beats, 5 the beat
-- Reply 1 when the lease was extended, 0 when the node does not hold it
-- Sends the beat on its channel.
if redis.call('GET', KEYS[1]) ~= ARGV[1] or redis.call('GET', KEYS[2]) ~= ARGV[3] then return 0 end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
redis.call('PUBLISH', ARGV[4], ARGV[5])
return 1
