-- How a mirror behaves, and what it is given therefore; stands before ledger.lua. The rules and their reasons are those of
-- MirrorConduct.swift; a differential test holds the two together. Change both.
--
-- Field conduct:NAME of the ledger's hash: score openings probe judged refusals held wall patience clean-from pace-at; there is
-- none for a mirror that was never in trouble.

local CONDUCT = { 'score', 'openings', 'probe', 'judged', 'refusals', 'held', 'wall', 'patience', 'cleanFrom', 'paceAt' }
local GOOD = { score = 0, openings = 0, probe = 0, judged = 0, refusals = 0, held = 0, wall = 0, patience = 0, cleanFrom = 0, paceAt = 0 }
local AWAITED, SLACK = -1, 20000

local function readConduct(packed)
    if not packed or packed == '' then return GOOD end
    local conduct, place = {}, 0
    for part in string.gmatch(packed, '%-?%d+') do
        place = place + 1
        if CONDUCT[place] then conduct[CONDUCT[place]] = tonumber(part) end
    end
    for _, name in ipairs(CONDUCT) do conduct[name] = conduct[name] or 0 end
    return conduct
end

local function packConduct(conduct)
    local parts = {}
    for place, name in ipairs(CONDUCT) do parts[place] = string.format('%.0f', conduct[name]) end
    return table.concat(parts, ' ')
end

-- A mirror's conduct, to be changed.
local function changed(mirror)
    if mirror.conduct == GOOD then
        mirror.conduct = {}
        for name, value in pairs(GOOD) do mirror.conduct[name] = value end
    end
    mirror.conduct.dirty = true
    return mirror.conduct
end

local function backOff(first, longest, times) return math.min(first * 2 ^ math.min(times - 1, 16), longest) end

local function leaveAlone(mirror, now, pause)
    mirror.paused = math.max(mirror.paused, (mirror.present or now) + pause)
    mirror.dirty = true
end

local function probeFailed(mirror, now)
    local conduct = changed(mirror)
    conduct.probe = AWAITED
    conduct.openings = conduct.openings + 1
    leaveAlone(mirror, now, backOff(500000, 30000000, conduct.openings))
end

-- A report on slots of one grant.
local function judge(mirror, grant, answered, failed, nextNumber, now)
    local conduct = mirror.conduct
    if answered == 0 and failed == 0 or grant < conduct.judged then return end
    if conduct.probe == grant then
        if failed > 0 then return probeFailed(mirror, now) end
        conduct = changed(mirror)
        conduct.probe, conduct.score, conduct.openings, conduct.refusals = 0, 0, 0, 0
        if conduct.held > 0 then conduct.cleanFrom = now end
        return
    end
    if conduct.probe ~= 0 then return end
    local score = math.max(0, conduct.score + 3 * failed - 2 * answered)
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

-- A grant's time is over, and nothing was heard of it.
local function conductExpired(mirror, grant, now)
    if mirror.conduct.probe == grant then probeFailed(mirror, now) end
end

-- What a mirror's first limit is held to.
local function heldTo(conduct, limit) return conduct.held > 0 and math.min(conduct.held, limit.count) or limit.count end

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
        local first = math.min(60000000, math.max(1000000, math.floor((limit and limit.window or 0) / 8)))
        pause = math.max(pause, backOff(first, 60000000, conduct.refusals))
    end
    if limit then
        if not isProbe or conduct.held == 0 then
            local before = heldTo(conduct, limit)
            local again = conduct.held > 0 and math.abs(before - conduct.wall) <= math.max(1, math.floor(limit.count / 32))
            conduct.patience = again and math.min(64, conduct.patience * 2) or 4
            conduct.wall = before
            conduct.held = math.max(1, math.floor(before / 2), math.min(math.floor(before * 7 / 8), used - 1))
        end
    end
    leaveAlone(mirror, now, pause)
end

-- Raises what a refusal had lowered, as far as time allows.
local function recover(mirror, now)
    local limit = mirror.limits[1]
    if mirror.conduct.held == 0 or mirror.conduct.probe ~= 0 or not limit then return end
    local conduct, step = mirror.conduct, math.max(1, math.floor(limit.count / 32))
    while conduct.held < limit.count do
        local level = conduct.held + math.max(step, conduct.held - conduct.wall)
        local meetsWall = conduct.held < conduct.wall and level >= conduct.wall
        local span = limit.guarded * (meetsWall and conduct.patience or 1)
        if now - conduct.cleanFrom < span then return end
        conduct = changed(mirror)
        conduct.cleanFrom = conduct.cleanFrom + span
        conduct.held = math.min(limit.count, meetsWall and conduct.wall or level)
    end
    if now - conduct.cleanFrom >= 256 * limit.guarded then
        conduct = changed(mirror)
        conduct.held, conduct.wall, conduct.patience, conduct.cleanFrom, conduct.paceAt = 0, 0, 0, 0, 0
    end
end

local function interval(conduct, limit)
    local count = heldTo(conduct, limit)
    return math.floor((limit.guarded + count - 1) / count)
end

-- How many may start now by the pace.
local function paced(conduct, limit, now)
    if conduct.held == 0 or not limit then return 9007199254740991 end
    if now < conduct.paceAt then return 0 end
    return 1 + math.floor(math.min(now - conduct.paceAt, SLACK) / interval(conduct, limit))
end

-- Slots of one grant were given.
local function took(mirror, grant, count, now)
    local limit = mirror.limits[1]
    if mirror.conduct.probe ~= 0 then changed(mirror).probe = grant end
    if mirror.conduct.held > 0 and limit then
        local conduct = changed(mirror)
        conduct.paceAt = math.max(conduct.paceAt, now - SLACK) + count * interval(conduct, limit)
    end
end

-- 0 good, 1 failing, 2 refusing.
local function standing(conduct) return conduct.openings > 0 and 1 or conduct.probe ~= 0 and 2 or 0 end

-- A running estimate of a median: each sample moves it by a sixteenth towards itself, never past it; see LatencyMedian.swift.
local function moved(known, sample)
    sample = math.min(math.max(sample, 1), 86400000000)
    if known == 0 then return sample end
    local step = math.max(1, math.floor(known / 16))
    if sample > known then return math.min(sample, known + step) end
    return math.max(sample, known - step)
end

