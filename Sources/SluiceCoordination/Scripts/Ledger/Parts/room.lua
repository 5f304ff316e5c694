-- What a mirror has free, and when it will have something again. The rules are those of MirrorLedger.swift.

local UNLIMITED = 1000000

-- What a limit is held to: the first one may be lowered.
local function countOf(mirror, limit) return limit == mirror.limits[1] and heldTo(mirror.conduct, limit) or limit.count end

-- The completed requests that the upstream's bucket still holds, rounded up; see MirrorLedger.swift.
local function level(mirror, now)
    if not mirror.refill or mirror.drained <= now then return 0 end
    return floor((mirror.drained - now + mirror.refill - 1) / mirror.refill)
end

-- Whether the one slot that a mirror on probation gets is in use.
local function isProbing(mirror)
    local probe, added = mirror.conduct.probe, mirror.open.added
    if probe <= 0 then return false end
    for _, record in ipairs(added) do
        if read('>I6', record) == probe then return true end
    end
    return find(mirror.open, probe) ~= nil
end

local function room(mirror, now)
    local open = mirror.open
    if open.records >= MOST_GRANTS then return 0 end
    local free = #mirror.limits == 0 and UNLIMITED - open.sum or NEVER
    for _, limit in ipairs(mirror.limits) do free = min(free, countOf(mirror, limit) - limit.log.sum - open.sum) end
    if mirror.concurrency > 0 then free = min(free, mirror.concurrency - open.sum) end
    if mirror.burst > 0 then free = min(free, mirror.burst - open.sum - level(mirror, now)) end
    if mirror.conduct ~= GOOD then
        free = min(free, paced(mirror.conduct, mirror.limits[1], now))
        if mirror.conduct.probe ~= 0 then free = min(free, isProbing(mirror) and 0 or 1) end
    end
    return max(0, free)
end

local function freeOf(mirror, now)
    if now < max(mirror.paused, mirror.sealed) then return 0 end
    return room(mirror, now)
end

-- The earliest moment at which every rule can have room again without anything coming back unsent: an open
-- slot is taken to complete this very moment. Nil when only a settle can make room; that of a probe is soon to be expected.
local function earliestRoom(mirror, now)
    local open = mirror.open
    if open.records >= MOST_GRANTS then return nil end
    if mirror.concurrency > 0 and open.sum >= mirror.concurrency then return nil end
    if #mirror.limits == 0 and open.sum >= UNLIMITED then return nil end
    local earliest = isProbing(mirror) and now + 50000 or now
    if mirror.conduct.held > 0 and mirror.limits[1] then earliest = max(earliest, mirror.conduct.paceAt) end
    for _, limit in ipairs(mirror.limits) do
        local needed = limit.log.sum + open.sum - countOf(mirror, limit) + 1
        if needed > 0 then earliest = max(earliest, releaseOfNext(limit.log, needed) or releaseOf(limit, now, limit.step)) end
    end
    if mirror.burst > 0 and mirror.burst - open.sum - level(mirror, now) <= 0 then
        local drained = mirror.drained - (mirror.burst - open.sum - 1) * mirror.refill
        earliest = max(earliest, open.sum >= mirror.burst and now + mirror.refill or drained)
    end
    return earliest
end
