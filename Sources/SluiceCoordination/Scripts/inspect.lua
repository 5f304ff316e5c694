-- Every mirror's state and counters.
--
-- KEYS  1 ledger
-- ARGV  those of ledger.lua
-- Reply { HEAD, mirrors }
--       mirrors      for each { status, { granted, settled, unsent, expired, throttled }, slots used under each of the caller's
--                    limits, what counts in the window of the first of them (0: none) }
-- Sends nothing, changes nothing.

local now, latest = look()
local mirrors = {}
for m, mirror in ipairs(call.mirrors) do
    local used = {}
    local first = mirror.own.limits[1]
    local effective = first and first.count or 0
    for l, own in ipairs(mirror.own.limits) do
        used[l] = mirror.open.sum
        for _, limit in ipairs(mirror.limits) do
            if limit.window == own.window then
                used[l] = used[l] + limit.log.sum
                if l == 1 then effective = limit.count end
            end
        end
    end
    mirrors[m] = {
        statusOf(mirror, now),
        { mirror.granted, mirror.settled, mirror.unsent, mirror.expired, mirror.throttled },
        used,
        effective,
    }
end
return reply(now, latest, mirrors)
