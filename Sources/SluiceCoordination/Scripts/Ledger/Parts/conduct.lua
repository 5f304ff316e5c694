-- How a mirror behaves, and what it is given therefore. The rules and their reasons are those of MirrorConduct.swift.
--
-- Field conduct:NAME of the ledger's hash: score openings probe judged refusals held wall patience clean-from pace-at reached
-- cut-off-since; there is none for a mirror that was never in trouble.

local CONDUCT = { 'score', 'openings', 'probe', 'judged', 'refusals', 'held', 'wall', 'patience', 'cleanFrom', 'paceAt', 'reached', 'cutOffSince' }
local GOOD = {
    score = 0, openings = 0, probe = 0, judged = 0, refusals = 0, held = 0, wall = 0, patience = 0, cleanFrom = 0, paceAt = 0, reached = 0,
    cutOffSince = 0,
}
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
    for place, name in ipairs(CONDUCT) do parts[place] = text(conduct[name]) end
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

local function backOff(first, longest, times) return min(first * 2 ^ min(times - 1, 16), longest) end

local function leaveAlone(mirror, now, pause)
    mirror.paused = max(mirror.paused, (mirror.present or now) + pause)
    mirror.dirty = true
end

local function probeFailed(mirror, now)
    local conduct = changed(mirror)
    conduct.probe = AWAITED
    conduct.openings = conduct.openings + 1
    leaveAlone(mirror, now, backOff(500000, 30000000, conduct.openings))
end

-- A grant's time is over, and nothing was heard of it.
local function conductExpired(mirror, grant, now)
    if mirror.conduct.probe == grant then probeFailed(mirror, now) end
end

-- What a mirror's first limit is held to.
local function heldTo(conduct, limit) return conduct.held > 0 and min(conduct.held, limit.count) or limit.count end

-- Raises what a refusal had lowered, as far as time allows.
local function recover(mirror, now)
    local limit = mirror.limits[1]
    if mirror.conduct.held == 0 or mirror.conduct.probe ~= 0 or not limit then return end
    local conduct, step = mirror.conduct, max(1, floor(limit.count / 32))
    while conduct.held < limit.count do
        local level = conduct.held + max(step, conduct.held - conduct.wall)
        local meetsWall = conduct.held < conduct.wall and level >= conduct.wall
        local span = limit.guarded * (meetsWall and conduct.patience or 1)
        if now - conduct.cleanFrom < span then return end
        conduct = changed(mirror)
        conduct.cleanFrom = conduct.cleanFrom + span
        conduct.held = min(limit.count, meetsWall and conduct.wall or level)
    end
    if now - conduct.cleanFrom >= 256 * limit.guarded then
        conduct = changed(mirror)
        conduct.held, conduct.wall, conduct.patience, conduct.cleanFrom, conduct.paceAt = 0, 0, 0, 0, 0
    end
end

local function interval(conduct, limit)
    local count = heldTo(conduct, limit)
    return floor((limit.guarded + count - 1) / count)
end

-- How many may start now by the pace.
local function paced(conduct, limit, now)
    if conduct.held == 0 or not limit then return NEVER end
    if now < conduct.paceAt then return 0 end
    return 1 + floor(min(now - conduct.paceAt, SLACK) / interval(conduct, limit))
end

-- Slots of one grant were given.
local function took(mirror, grant, count, now)
    local limit = mirror.limits[1]
    if mirror.conduct.probe ~= 0 then changed(mirror).probe = grant end
    if mirror.conduct.held > 0 and limit then
        local conduct = changed(mirror)
        conduct.paceAt = max(conduct.paceAt, now - SLACK) + count * interval(conduct, limit)
    end
end

-- 0 good, 1 failing, 2 refusing.
local function standing(conduct) return conduct.openings > 0 and 1 or conduct.probe ~= 0 and 2 or 0 end
