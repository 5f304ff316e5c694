-- Writes what a call has changed, and tells those whom it concerns.

-- Words with spaces between. Numbers are costly to write: of what is as it was when it was read, the words are taken.
local function written(values, parts, numbers)
    for place, value in ipairs(values) do
        if parts and value == numbers[place] and parts[place] ~= '' then
            values[place] = parts[place]
        elseif type(value) == 'number' then
            values[place] = text(value)
        end
    end
    return table.concat(values, ' ')
end

-- The ledger is to live for twice the longest window of all mirrors that are in it, and a day longer, so that a step of the host's
-- clock does not make it vanish. A caller knows its own mirrors only: so it never shortens what others need, and lengthens it as soon
-- as it is an hour short of what it needs itself. Returns the time to live in µs, when it is to be set anew.
local function lifeAnew()
    local needed = 2 * longestWindow + 25 * HOUR
    if meta.vanishes - meta.raw > needed - HOUR then return nil end
    return max(needed, 1000 * redis.call('PTTL', KEYS[1]))
end

-- Writes what the call has changed, in one command, and renews the time to live where that is due.
local function save()
    local life = lifeAnew()
    if life then meta.vanishes = meta.raw + life end
    local changes = {
        'meta',
        written({
            meta.incarnation, meta.birth, meta.adjustment, meta.last, meta.nextNumber, meta.sealedUntil, meta.waiting, meta.waitingAt,
            meta.vanishes, meta.runID, meta.frame, meta.version, meta.musters, meta.musterStart, meta.musterUntil, meta.memories,
            meta.confirmed, meta.asked,
        }, meta.parts, meta.numbers),
    }
    local function change(field, value)
        changes[#changes + 1] = field
        changes[#changes + 1] = value
    end
    for _, mirror in ipairs(call.mirrors) do
        local open = mirror.open
        if mirror.dirty then
            change('state:' .. mirror.name, written({
                mirror.granted, mirror.settled, mirror.unsent, mirror.expired, mirror.throttled, mirror.paused, mirror.drained, mirror.latency,
            }, mirror.parts, mirror.counters))
        end
        if mirror.conduct.dirty then change('conduct:' .. mirror.name, packConduct(mirror.conduct)) end
        if open.dirty then
            change('open:' .. mirror.name,
                pack('>I4I7', open.sum, open.earliest) .. sub(open.s, open.first) .. table.concat(open.added))
        end
        if mirror.announces then change('rules:' .. mirror.name, packAnnouncements(mirror.announced)) end
        if #mirror.gone > 0 then redis.call('HDEL', KEYS[1], unpack(mirror.gone)) end
        for _, limit in ipairs(mirror.limits) do
            local log = limit.log
            if log.dirty then change(limit.field, pack('>I4', log.sum) .. sub(log.s, log.first)) end
        end
    end
    if not meta.protocol then change('protocol', call.version) end
    if meta.told then
        change('lives', meta.lives)
        change('lost', meta.lost)
    end
    local result = redis.pcall('HSET', KEYS[1], unpack(changes))
    if type(result) == 'table' and result.err then
        -- A full Redis lets a script write after a command that frees memory; the ledger is bounded, and nobody may send without it.
        redis.call('HDEL', KEYS[1], '')
        redis.call('HSET', KEYS[1], unpack(changes))
    end
    if life then redis.call('PEXPIRE', KEYS[1], text(floor(life / 1000))) end
    if meta.announces then
        redis.call('PUBLISH', channels .. 'beat', 'M1 ' .. meta.incarnation .. ' ' .. text(meta.musters))
    end
    if call.isNews then redis.call('PUBLISH', channels .. 'beat', 'L1 ' .. meta.incarnation) end
end
