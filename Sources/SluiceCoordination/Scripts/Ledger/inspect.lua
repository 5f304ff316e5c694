-- Every mirror's state and counters.
--
-- KEYS  1 ledger
-- ARGV  those of ledger.lua
-- Reply { HEAD, mirrors }
--       mirrors      for each { status, { granted, settled, unsent, expired, throttled }, slots used under each of the caller's
--                    limits, what the first limit is held to (0: there is none), median latency in µs (0: unknown) }
-- Sends nothing, changes nothing.

local now = look(true)
local mirrors = {}
for m, mirror in ipairs(call.mirrors) do
    local used = {}
    for l, own in ipairs(mirror.own.limits) do
        used[l] = mirror.open.sum
        for _, limit in ipairs(mirror.limits) do
            if limit.window == own.window then used[l] = used[l] + limit.log.sum end
        end
    end
    mirrors[m] = {
        statusOf(mirror, now),
        { mirror.granted, mirror.settled, mirror.unsent, mirror.expired, mirror.throttled },
        used,
        mirror.limits[1] and heldTo(mirror.conduct, mirror.limits[1]) or 0,
        mirror.latency,
    }
end
return reply(now, mirrors)
