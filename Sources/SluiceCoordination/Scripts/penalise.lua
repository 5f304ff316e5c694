-- Pauses a mirror for the whole pool.
--
-- KEYS  1 ledger
-- ARGV  those of ledger.lua, then
--       mirror       from 0
--       pause        µs from now, at most a day; never shortens another pause
--       throttled    1: the mirror refused a request; counted
-- Reply { HEAD, statuses }
-- Sends nothing.

local now, latest = begin()
local mirror, pause, throttled = call.mirrors[number() + 1], number(), word()
if mirror then
    mirror.paused = max(mirror.paused, now + min(max(0, pause), 24 * HOUR))
    if throttled == '1' then mirror.throttled = mirror.throttled + 1 end
    mirror.dirty = true
end
save()
return reply(now, latest, statuses(now))
