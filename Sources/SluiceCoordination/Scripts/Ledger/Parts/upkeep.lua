-- What time brings: grants and windows that are over, announcements, the end of a pause.

-- While members are asked what they remember nothing is free.
local function seal(now)
    for _, mirror in ipairs(call.mirrors) do
        mirror.sealed = meta and meta.musterUntil > 0 and max(meta.musterUntil, now + 1000) or 0
    end
end

local function purge(mirror, now)
    for _, expired in ipairs(removeExpired(mirror.open, now)) do
        mirror.expired = mirror.expired + expired.count
        mirror.dirty = true
        charge(mirror, expired.expiry, expired.count)
        conductExpired(mirror, expired.grant, now)
    end
    flush(mirror, now)
    for _, limit in ipairs(mirror.limits) do purgeLog(limit.log, now) end
    recover(mirror, now)
end

-- Each mirror takes in what the caller is configured with, and what time has brought.
local function takeIn(now, latest)
    for _, mirror in ipairs(call.mirrors) do
        mirror.present = call.unsure
        agree(mirror, now, latest)
        if not call.unsure and mirror.paused > latest + 24 * HOUR then mirror.paused, mirror.dirty = latest + 24 * HOUR, true end
        purge(mirror, now)
    end
end
