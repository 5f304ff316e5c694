-- Asks for a permit, or asks again: also a waiter's sign of life.
-- KEYS  as the prelude
-- ARGV  1 id, 2 permits, 3 its ticket (0: it asked before and knows of none; -1: it never asked), 4 lease in ms, 5 `wait` or `try`,
--       6 highest token known, 7 start of a node's channel
-- Reply {1, token} it holds; {0, ticket, ms to the first end of a lease, last token given} it waits; {2} not now (`try`);
--       {3, count} the semaphore has another number of permits
-- Sends `NUMBER TOKEN` to the node of each waiter that is given a permit.
local id, count, asked, lease, known, channel = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[6]), ARGV[7]
read()
if permits and permits ~= count then return {3, permits} end
open(count, known)
local held, waits = reap()
local place = nil
if asked >= 0 then
  if redis.call('ZSCORE', KEYS[2], id) then
    -- It was given one, and the message or the reply was lost: with them its token, so it gets another.
    draw(known)
    redis.call('HSET', KEYS[1], 'token', text(token))
    redis.call('ZADD', KEYS[2], text(now + lease), id)
    if waits then promote(held, nil, nil, known, channel) end
    return {1, token}
  end
  place = tonumber(redis.call('ZSCORE', KEYS[3], id) or nil)
end
if held < permits and not waits then
  redis.call('ZADD', KEYS[2], text(now + lease), id)
  if held == 0 then keep(2) end
  redis.call('HSET', KEYS[1], 'token', text(draw(known)))
  return {1, token}
end
if ARGV[5] == 'try' and held >= permits then return {2} end
if not place then
  place = asked
  -- What is known of tokens stays, whoever gives the next permit.
  token = math.max(token, known)
  if place <= 0 then
    place = math.max(ticket + 1, micros)
    redis.call('HSET', KEYS[1], 'ticket', text(place), 'token', text(token))
  end
  redis.call('ZADD', KEYS[3], text(place), id)
end
if held < permits then
  local mine = promote(held, id, lease, known, channel)
  if mine then return {1, mine} end
  if ARGV[5] == 'try' then
    redis.call('ZREM', KEYS[3], id)
    redis.call('ZREM', KEYS[4], id)
    return {2}
  end
end
redis.call('ZADD', KEYS[4], text(now + lease), id)
if not waits then keep(3) end
-- The one other waiter may just have been promoted: then its lease was the last, and the key is a new one.
if not waits or redis.call('ZCARD', KEYS[4]) == 1 then keep(4) end
local first = math.huge
for place = 2, 4, 2 do
  local entry = redis.call('ZRANGE', KEYS[place], 0, 0, 'WITHSCORES')
  if entry[2] then first = math.min(first, tonumber(entry[2])) end
end
return {0, place, math.max(0, first - now), token}
