-- A mirror refused a request for want of quota: the whole pool leaves it alone for a time; see conduct.lua.
--
-- KEYS  1 ledger
-- ARGV  those of ledger.lua, then
--       mirror       from 0
--       number       of the grant that the request's slot belonged to
--       asked        µs for which the mirror asked to be left alone, of which at most a day counts; '' when it did not say
-- Reply { HEAD, statuses }
-- Sends nothing.

local now = begin()
local mirror, grant, asked = call.mirrors[number() + 1], number(), number()
if mirror then
    mirror.throttled = mirror.throttled + 1
    mirror.dirty = true
    local limit = mirror.limits[1]
    local used = limit and limit.log.sum + mirror.open.sum or 0
    refuse(mirror, grant, asked and min(max(0, asked), 24 * HOUR), used, meta.nextNumber, now)
end
save()
return reply(now, statuses(now))
