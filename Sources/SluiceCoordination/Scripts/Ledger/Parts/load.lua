-- Reads the ledger into `meta` and the call's mirrors: one command, and another where members are configured differently.

-- Has each mirror go by what its members have announced, and reads the logs that the caller did not ask for.
local function governAll(logs)
    local fields = {}
    for _, mirror in ipairs(call.mirrors) do
        mirror.isKnown = #mirror.announced > 0
        if mirror.isKnown and (#mirror.announced > 1 or mirror.announced[1].text ~= mirror.text) then
            govern(mirror, strictestOf(mirror.announced))
            for _, limit in ipairs(mirror.limits) do
                if logs[limit.field] == nil then fields[#fields + 1] = limit.field end
            end
        end
    end
    if #fields == 0 then return end
    for place, log in ipairs(redis.call('HMGET', KEYS[1], unpack(fields))) do logs[fields[place]] = log end
end

local META_WORDS, STATE_WORDS = '^' .. string.rep('(%S+) ', 17) .. '(%S+)$', '^' .. string.rep('(%-?%d*)%s?', 8)

-- The words of `meta`, and the numbers among them.
local function readMeta(packed)
    local parts, numbers = { string.match(packed, META_WORDS) }, {}
    for place, part in ipairs(parts) do
        local value = tonumber(part)
        numbers[place] = value
        if place ~= 1 and place ~= 10 and not (value and value > -NEVER and value <= NEVER) then damaged() end
    end
    if #parts == 0 then damaged() end
    return parts, numbers
end

-- The slots of a packed field and its records, which follow `head` bytes.
local function readHead(field, head, record)
    local records = (#field - head) / record
    if records < 0 or records ~= floor(records) then damaged() end
    local sum = read('>I4', field)
    if sum > records * MOST_TOGETHER then damaged() end
    return sum, records
end

local function load()
    local fields = { 'meta', 'lives', 'lost', 'protocol' }
    for _, mirror in ipairs(call.mirrors) do
        govern(mirror, mirror.own)
        fields[#fields + 1] = 'state:' .. mirror.name
        fields[#fields + 1] = 'open:' .. mirror.name
        fields[#fields + 1] = 'rules:' .. mirror.name
        fields[#fields + 1] = 'conduct:' .. mirror.name
        for _, limit in ipairs(mirror.limits) do fields[#fields + 1] = limit.field end
    end
    local values = redis.call('HMGET', KEYS[1], unpack(fields))
    if values[1] and values[4] and values[4] ~= call.version then error('SLUICE-PROTOCOL=' .. values[4], 0) end
    if values[1] then
        local parts, numbers = readMeta(values[1])
        meta = {
            incarnation = parts[1], birth = numbers[2], adjustment = numbers[3], last = numbers[4], nextNumber = numbers[5],
            sealedUntil = numbers[6], waiting = numbers[7], waitingAt = numbers[8], vanishes = numbers[9], runID = parts[10],
            frame = numbers[11], version = numbers[12], musters = numbers[13], musterStart = numbers[14], musterUntil = numbers[15],
            memories = numbers[16], confirmed = numbers[17], asked = numbers[18], lives = values[2] or '', lost = values[3] or '', protocol = values[4], parts = parts, numbers = numbers,
        }
    end
    local at = 4
    local function field()
        at = at + 1
        return meta and values[at] or nil
    end
    local logs = {}
    for _, mirror in ipairs(call.mirrors) do
        local state = field() or ''
        local parts, counters = { string.match(state, STATE_WORDS) }, {}
        for place, part in ipairs(parts) do counters[place] = tonumber(part) or 0 end
        mirror.raw, mirror.parts, mirror.counters = { state }, parts, counters
        mirror.granted, mirror.settled, mirror.unsent, mirror.expired = counters[1], counters[2], counters[3], counters[4]
        mirror.throttled, mirror.paused, mirror.drained, mirror.latency = counters[5], counters[6], counters[7], counters[8]
        local open = field()
        mirror.raw[2] = open or ''
        if open then
            local sum, records = readHead(open, 11, GRANT)
            mirror.open = { s = open, first = 12, sum = sum, earliest = read('>I7', open, 5), records = records, added = {} }
        else
            mirror.open = { s = '', first = 1, sum = 0, earliest = NEVER, records = 0, added = {} }
        end
        local conduct
        mirror.raw[3], conduct = field() or '', field()
        mirror.raw[4] = conduct or ''
        mirror.announced, mirror.announces, mirror.gone = readAnnouncements(mirror.raw[3]), false, {}
        mirror.conduct = readConduct(conduct)
        for _, limit in ipairs(mirror.limits) do logs[limit.field] = field() or false end
    end
    governAll(logs)
    for _, mirror in ipairs(call.mirrors) do
        for _, limit in ipairs(mirror.limits) do
            local log = logs[limit.field]
            mirror.raw[#mirror.raw + 1] = log or ''
            limit.log = log and { s = log, first = 5, sum = (readHead(log, 4, RECORD)) } or { s = '', first = 1, sum = 0 }
        end
    end
end
