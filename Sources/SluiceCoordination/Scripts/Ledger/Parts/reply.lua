-- What a call tells its caller.

-- Whoever is in doubt asks again so soon, in µs.
local DOUBTFUL_PAUSE = 20000

local function statusOf(mirror, now)
    local open, used, least = mirror.open, mirror.open.sum, nil
    for _, limit in ipairs(mirror.limits) do
        local left = countOf(mirror, limit) - limit.log.sum - open.sum
        if not least or left < least then least, used = left, limit.log.sum + open.sum end
    end
    local free, nextRelease, from = freeOf(mirror, now), 0, present(now)
    if free == 0 then
        local earliest = earliestRoom(mirror, now)
        nextRelease = earliest and max(earliest, mirror.paused, mirror.sealed) - from or -1
        if earliest and call.unsure then nextRelease = max(DOUBTFUL_PAUSE, nextRelease) end
    end
    return {
        free, used, nextRelease, max(0, mirror.paused - from), max(0, mirror.sealed - from, (meta and meta.sealedUntil or 0) - from),
        standing(mirror.conduct), mirror.conduct.held,
    }
end

local function statuses(now)
    local list = {}
    for m, mirror in ipairs(call.mirrors) do list[m] = statusOf(mirror, now) end
    return list
end

-- What every reply begins with, and what follows behind it.
local function reply(now, ...)
    local until_ = meta and meta.musterUntil or 0
    return {
        now, call.clock, meta and meta.frame or 0, call.unsure and 1 or 0, meta and meta.incarnation or '', until_ > 0 and meta.musters or 0,
        until_ > 0 and max(0, until_ - present(now)) or 0, ...,
    }
end
