-- Asks for a permit, or asks again: also a waiter's sign of life.
-- KEYS  as the prelude
-- ARGV  1 id, 2 permits, 3 its ticket (0: none yet), 4 lease in ms, 5 `wait` or `try`, 6 highest token known, 7 start of a node's channel
-- Reply {1, token} it holds; {0, ticket, ms to the first end of a lease, last token given} it waits; {2} not now (`try`);
--       {3, count} the semaphore has another number of permits
-- Sends `NUMBER TOKEN` to the node of each waiter that is given a permit.
local id, count, lease, known, channel = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[4]), tonumber(ARGV[6]), ARGV[7]
if permits and permits ~= count then return {3, permits} end
create(count, known)
reap()
local held = redis.call('ZSCORE', KEYS[2], id)
if held then
  -- It was given one, and the message or the reply was lost.
  extend(id, lease)
  promote(nil, known, channel)
  keep()
  return {1, tonumber(held)}
end
local mine = nil
local place = redis.call('ZSCORE', KEYS[3], id)
if not place and redis.call('ZCARD', KEYS[3]) == 0 and redis.call('ZCARD', KEYS[2]) < permits then
  mine = draw(known)
  hold(id, lease)
else
  if not place then
    place = tonumber(ARGV[3])
    if place == 0 then
      place = math.max(ticket + 1, micros)
      redis.call('HSET', KEYS[1], 'ticket', text(place))
    end
    redis.call('ZADD', KEYS[3], text(place), id)
  end
  extend(id, lease)
  mine = promote(id, known, channel)
  if not mine and ARGV[5] == 'try' then
    forget(id)
    keep()
    return {2}
  end
end
keep()
if mine then return {1, mine} end
local first = redis.call('ZRANGE', KEYS[4], 0, 0, 'WITHSCORES')
return {0, tonumber(place), math.max(0, tonumber(first[2]) - now), tonumber(redis.call('HGET', KEYS[1], 'token') or 0)}
