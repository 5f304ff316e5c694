-- How a call begins that changes the ledger.

-- For all who are in doubt the others are asked so often.
local ASKING = 100000

-- Reads the ledger. One that cannot be read, or of which only parts are left, is as good as lost: it makes room for what members
-- remember.
local function loadOrLose()
    local isRead, problem = pcall(load)
    if not isRead and problem ~= DAMAGED then error(problem, 0) end
    if isRead and meta then return end
    redis.call('DEL', KEYS[1])
    if isRead then return end
    meta = nil
    load()
end

-- Begins a call that changes the ledger: finds or begins its data, notices a loss, tells the time, and takes in
-- what time has brought. Returns both readings of ledger time.
local function begin()
    local raw = rawTime()
    loadOrLose()
    call.keeps = true
    if not meta then
        meta = {
            incarnation = call.candidate, adjustment = 0, last = 0, sealedUntil = 0, waiting = 0, waitingAt = 0,
            vanishes = 0, runID = '-', frame = 0, version = 0, musters = 0, musterStart = 0, musterUntil = 0, memories = 0, confirmed = 0,
            asked = 0,
            lives = '', lost = '', justBorn = true,
        }
    end
    meta.raw = raw
    local now, latest, adjusted, vouches = clock(true)
    if not meta.justBorn and adjusted - raw ~= meta.adjustment then
        meta.frame = meta.frame + 1
        if meta.musterUntil > 0 then
            -- It may have been begun by a clock that was ahead.
            meta.musterStart, meta.musterUntil = min(meta.musterStart, latest), min(meta.musterUntil, present(now) + call.muster)
        end
    end
    meta.adjustment = adjusted - raw
    meta.last = now
    call.clock = adjusted
    if vouches then
        meta.confirmed = adjusted
    elseif call.found and not call.doubt and call.known == meta.incarnation and call.frame == meta.frame then
        meta.confirmed = max(meta.confirmed, call.found)
    end
    if call.unsure and latest - now > SLOW_CALL and math.abs(latest - meta.asked) >= ASKING then
        meta.asked = latest
        call.isNews = true
    end
    if meta.justBorn then
        meta.birth = now
        meta.nextNumber = floor(now / 16) + 1
    end
    notice(now, latest)
    -- What a muster itself writes does not make the data any newer.
    if meta.musterUntil == 0 then meta.version = meta.version + 1 end
    seal(now)
    takeIn(now, latest)
    return now, latest
end
