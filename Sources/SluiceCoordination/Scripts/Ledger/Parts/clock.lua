-- Ledger time, for a server whose clock may be set at any moment. The rules and their reasons are those of LedgerState+Time.swift.

local SLOW_CALL, LEAST_PROOF = 50000, 1000
-- So many musters are the longest doubt: where calls are slow now and then the clock may be put right again and again.
local LONGEST_DOUBT = 3

local function rawTime()
    if call.raw then return call.raw end
    local time = redis.call('TIME')
    return tonumber(time[1]) * 1000000 + tonumber(time[2])
end

-- How many are subscribed to the pool's messages besides these nodes, each of which listens to a channel of its own; unknown is many.
local function others(names)
    local heard = { channels .. 'beat' }
    for name in string.gmatch(names, '%S+') do heard[#heard + 1] = channels .. 'node:' .. name end
    local counts = redis.pcall('PUBSUB', 'NUMSUB', unpack(heard))
    if counts.err then return NEVER end
    local left = counts[2]
    for place = 4, #counts, 2 do left = left - counts[place] end
    return left
end

-- Whether the caller's bounds are about this frame of this life.
local function isAboutThis() return call.known == meta.incarnation and call.frame == meta.frame end

-- Whether a later clock than the doubtful one was found right.
local function isVouched() return call.doubt and isAboutThis() and meta.confirmed >= call.doubt end

-- Whether the caller cannot tell if the clock was set forward, and somebody else may. What a doubtful clock bounds is its own frame.
local function isInDoubt()
    if meta.justBorn or call.node == '' or call.muster <= 0 then return false end
    if call.known ~= '' and call.upper then
        if not call.doubt or call.lasted >= LONGEST_DOUBT * call.muster then return false end
        if isAboutThis() and call.waited >= call.muster or isVouched() then return false end
    end
    return others(call.node) > 0
end

-- Reads ledger time. LedgerState+Time.swift says why. Returns `now`, by which slots are released, the time by which they are recorded, the
-- clock as it is to be from now on, and whether somebody has vouched for it; `keeps` says whether it will be kept, `trusts` whether
-- nothing depends on it.
local function clock(keeps, trusts)
    local here = meta.raw + meta.adjustment
    local now, adjusted = here, here
    local doubts = not trusts and isInDoubt()
    local vouches = not doubts
    -- What somebody has vouched for was right when it was met.
    if vouches and isVouched() then call.lower = max(call.lower, call.least) end
    if call.known ~= '' or doubts then
        local sameLife = meta.justBorn or call.known == meta.incarnation
        local sameFrame = meta.justBorn or sameLife and call.frame == meta.frame
        if call.upper then vouches = vouches and sameFrame and here <= call.upper + LEAST_PROOF end
        if sameFrame and call.lower and here < call.lower then
            now, adjusted = call.lower, call.lower
        elseif doubts then
            now = sameFrame and call.lower or meta.last
            -- Whether the clock was right it cannot tell; but that it was set since it can.
            if keeps and sameFrame and call.doubt and call.upper and here > call.upper and call.ahead == 1 then
                adjusted = call.least
            end
        elseif sameLife and not call.upper and not meta.justBorn then
            now = sameFrame and call.lower or meta.last
        elseif call.upper and here > call.upper then
            now = call.upper
            if here - call.upper > SLOW_CALL or keeps and sameFrame and call.ahead == 1 then
                now = sameFrame and max(call.lower, call.least or call.lower) or meta.last
                adjusted = now
            end
        end
    end
    now = max(now, meta.last)
    adjusted = max(adjusted, now)
    local latest = adjusted
    if not meta.justBorn and call.known == meta.incarnation and call.frame ~= meta.frame and not call.doubt then
        latest = max(latest, call.upper or 0)
    end
    if doubts then call.unsure = latest end
    return now, latest, adjusted, vouches or not doubts and adjusted ~= here
end
