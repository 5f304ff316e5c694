-- How a call begins that only looks.

-- Begins a call that only looks: the same view, of which nothing is kept. Returns both readings. Who looks for show believes the clock.
local function look(isForShow)
    local raw = rawTime()
    load()
    if not meta then
        seal(raw)
        call.clock = raw
        return raw, raw
    end
    meta.raw = raw
    local now, latest, adjusted = clock(false, isForShow)
    call.clock = adjusted
    seal(now)
    takeIn(now, latest)
    return now, latest
end
