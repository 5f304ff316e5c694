-- Writes figures under the pool's metrics keys, and when this node last showed a sign of life.
-- KEYS  1 the sorted set of nodes, 2… one hash for each report
-- ARGV  1 node, 2 life of a report in ms, then for each hash: number of fields, name, value, name, value …
--       A name that begins with + has a value in ms from now; it is written without the sign, as ms since 1970.
-- Reply {how many nodes have shown a sign of life within the life of a report, ms since 1970}
-- Sends nothing.
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local life = tonumber(ARGV[2])
local at = 3
-- First a command that frees memory: after it a full Redis lets a script write, and says so in its figures.
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - life)
-- Where the clock was set back signs of life lie ahead of it; whoever is alive is back with the next report.
redis.call('ZREMRANGEBYSCORE', KEYS[1], '(' .. string.format('%.0f', now), '+inf')
for key = 2, #KEYS do
  local fields, count = {}, tonumber(ARGV[at])
  for place = at + 1, at + 2 * count, 2 do
    local name, value = ARGV[place], ARGV[place + 1]
    if string.sub(name, 1, 1) == '+' then
      name = string.sub(name, 2)
      value = string.format('%.0f', now + tonumber(value))
    end
    fields[#fields + 1] = name
    fields[#fields + 1] = value
  end
  at = at + 1 + 2 * count
  redis.call('HSET', KEYS[key], unpack(fields))
  redis.call('PEXPIRE', KEYS[key], life)
end
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('PEXPIRE', KEYS[1], life)
return {redis.call('ZCARD', KEYS[1]), now}
