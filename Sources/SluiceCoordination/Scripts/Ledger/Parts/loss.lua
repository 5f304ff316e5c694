-- Loss of data: what begins a muster, in which members are asked what they remember. The rules are those of LedgerState+Muster.swift.

local MOST_LIVES = 16

local function lists(names, name) return string.find(' ' .. names .. ' ', ' ' .. name .. ' ', 1, true) ~= nil end

local function with(names, name)
    if lists(names, name) then return names end
    local list = { name }
    for other in string.gmatch(names, '%S+') do
        if #list < MOST_LIVES then list[#list + 1] = other end
    end
    return table.concat(list, ' ')
end

-- Somebody remembers something, or more may be lost: there is the whole time, and some for those who have just come.
local function prolong(now)
    meta.musterUntil = max(meta.musterUntil, meta.musterStart + call.muster, present(now) + floor(call.muster / 2))
end

local function beginMuster(now, latest, span)
    if meta.musterUntil > 0 then return prolong(now) end
    meta.musters = meta.musters + 1
    meta.musterStart, meta.musterUntil, meta.memories = latest, present(now) + span, 0
    meta.announces = true
end

-- What was told in the muster under way was told before what is lost now: all are asked anew.
local function forgetMemories()
    if meta.musterUntil == 0 then return end
    local gone = { 'ignorant' }
    for _, field in ipairs(redis.call('HKEYS', KEYS[1])) do
        if sub(field, 1, 7) == 'memory:' then gone[#gone + 1] = field end
    end
    redis.call('HDEL', KEYS[1], unpack(gone))
    meta.musterUntil = 0
end

-- Begins a muster when the data may have lost something: there is none, the caller knew another life of it, or it is on
-- another server than before, where the last writes may not have come along.
local function notice(now, latest)
    if call.muster <= 0 then return end
    -- Whoever knows nothing asks whether anybody is there who does; as soon as one says so, all get the whole time.
    if meta.justBorn then beginMuster(now, latest, call.known == '' and floor(call.muster / 2) or call.muster) end
    if call.known ~= '' and call.known ~= meta.incarnation and not lists(meta.lives, call.known) then
        meta.lives, meta.lost, meta.told = with(meta.lives, call.known), with(meta.lost, call.known), true
        beginMuster(now, latest, call.muster)
    end
    if call.runID ~= '' and call.runID ~= meta.runID then
        if meta.runID ~= '-' then
            meta.lost, meta.told = with(meta.lost, meta.incarnation), true
            forgetMemories()
            beginMuster(now, latest, call.muster)
        end
        meta.runID = call.runID
    end
end
