-- What reports and refusals say of a mirror. The rules and their reasons are those of MirrorConduct.swift and LatencyMedian.swift.

-- A report on slots of one grant. `settled`: how many requests anybody had completed by then, those of the report included.
local function judge(mirror, grant, answered, failed, unreached, settled, nextNumber, now)
    local conduct = mirror.conduct
    local isGood = failed == 0 and unreached == 0
    if answered == 0 and isGood or grant < conduct.judged then return end
    if conduct.probe == grant then
        if not isGood then return probeFailed(mirror, now) end
        conduct = changed(mirror)
        conduct.probe, conduct.score, conduct.openings, conduct.refusals = 0, 0, 0, 0
        if conduct.held > 0 then conduct.cleanFrom = now end
        return
    end
    if conduct.probe ~= 0 then return end
    local score = max(0, conduct.score + 3 * failed - 2 * answered)
    if unreached > 0 then
        if conduct.cutOffSince == 0 or settled ~= conduct.reached then
            conduct = changed(mirror)
            conduct.reached, conduct.cutOffSince = settled, now
        end
        local limit = mirror.limits[1]
        local isReached = (not limit or limit.log.sum > 0) and now - conduct.cutOffSince < 2000000
        score = isReached and max(score, 3) or score + 3 * unreached
    end
    if score == conduct.score then return end
    conduct = changed(mirror)
    conduct.score = score
    if score < 9 then return end
    conduct.score, conduct.openings, conduct.probe, conduct.judged = 0, 1, AWAITED, nextNumber
    leaveAlone(mirror, now, 500000)
end

-- Somebody keeps a slot of a grant for long.
local function conductExtended(mirror, grant)
    if mirror.conduct.probe == grant then changed(mirror).probe = AWAITED end
end

-- The mirror refused for want of quota.
local function refuse(mirror, grant, asked, used, nextNumber, now)
    local limit = mirror.limits[1]
    if grant < mirror.conduct.judged then return leaveAlone(mirror, now, asked or 0) end
    local conduct = changed(mirror)
    local isProbe = conduct.probe == grant
    conduct.score, conduct.openings, conduct.probe, conduct.judged = 0, 0, AWAITED, nextNumber
    conduct.refusals = conduct.refusals + 1
    local pause = asked or 0
    if not asked or conduct.refusals > 1 then
        local first = min(60000000, max(1000000, floor((limit and limit.window or 0) / 8)))
        pause = max(pause, backOff(first, 60000000, conduct.refusals))
    end
    if limit then
        if not isProbe or conduct.held == 0 then
            local before = heldTo(conduct, limit)
            local again = conduct.held > 0 and math.abs(before - conduct.wall) <= max(1, floor(limit.count / 32))
            conduct.patience = again and min(64, conduct.patience * 2) or 4
            conduct.wall = before
            conduct.held = max(1, floor(before / 2), min(floor(before * 7 / 8), used - 1))
        end
    end
    leaveAlone(mirror, now, pause)
end

-- A running estimate of a median: each sample moves it by a sixteenth towards itself, never past it; see LatencyMedian.swift.
local function moved(known, sample)
    sample = min(max(sample, 1), 86400000000)
    if known == 0 then return sample end
    local step = max(1, floor(known / 16))
    if sample > known then return min(sample, known + step) end
    return max(sample, known - step)
end
