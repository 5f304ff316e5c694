-- The slot ledger of a pool: what every entry script begins with (the loader puts rules.lua, conduct.lua and this file before it).
--
-- KEYS  1 ledger   hash, see below
--       2 leader   string: the node that holds the lease        (reserve only)
--       3 epoch    integer: the fencing token                   (reserve only)
--
-- ARGV, for every script, in this order; an entry script's own follow behind and are listed in its header
--       raw          '' for this server's TIME; a number of µs instead of it in tests
--       version      of the ledger's protocol that the caller speaks
--       candidate    the name that a new life of the data takes, if this call has to begin one
--       known        the incarnation that the caller's bounds are about; '' for none
--       frame        of ledger time that they are about
--       lower upper  bounds on ledger time when the call was sent, µs; each '' for none
--       ahead        1: a reply has proved that the clock is ahead of the upper bound
--       found        the latest clock that the caller found right when the reply came; '' for none
--       doubt        the clock that the upper bound was made from, when nobody had vouched for it; '' otherwise
--       least        what that clock is at least by now, unless it was set since; '' like it
--       waited       µs since the caller met that clock
--       lasted       µs since the caller's doubt began, whatever it met
--       age          µs since the caller last heard of the known incarnation
--       node         who calls; '' for one that takes no part, and is never in doubt
--       runID        the server behind the caller's connection; '' for unknown
--       scope        of the channels, behind the keys' prefix; '' in database 0
--       muster       µs for which members are asked what they remember when data may be lost; 0: nobody remembers
--       settling     µs that it may yet take until every member that is well is connected to this server
--       hold         µs a grant may wait to be sent
--       timeout      µs a request may take
--       count of mirrors, and for each: name, burst, concurrency (0: none), count of limits, and for each limit:
--                    count, window in µs; windows ascend
--
-- Replies are arrays of whole numbers and strings; the first seven (HEAD) are ledger time by which slots are released, its clock,
-- its frame, 1 when nobody vouches for the clock, the incarnation, the muster under way (its number, 0: none) and the µs until it
-- may be ended.
-- A mirror's status is { free, in use, next release in µs or -1, paused for µs, sealed for µs, standing (0 good, 1 failing,
-- 2 refusing), what its first limit is held to or 0 }.
-- A call that begins a muster sends to <channels>beat: M1 incarnation number
-- A call that finds that members with another configuration have come or gone, or that is in doubt some time after the last one that
-- was not, sends to <channels>beat: L1 incarnation; members then announce themselves, and those who know the time vouch for it.
-- Each mirror goes by the strictest of what its members are configured with: see rules.lua.
--
-- Fields of the hash; all times are ledger time in whole µs
--       protocol         the version that the data was begun with: calls of nodes that speak another one are refused
--       meta             incarnation birth adjustment last next-number sealed-until waiting waiting-at vanishes run-id frame
--                        version musters muster-start muster-until memories confirmed asked
--                        (vanishes: when the key's time to live is over, by the host's clock)
--       lives            earlier incarnations whose memory is in this one, with spaces between, at most 16
--       lost             those of them (or this one) that the muster under way is about
--       ignorant         during a muster: the nodes that have said that they remember nothing; ! once somebody remembers
--       memory:TAG       what a node remembers: both readings of ledger time when it said so, and its text
--       rules:NAME       see rules.lua
--       state:NAME       granted settled unsent expired throttled paused-until drained latency
--       conduct:NAME     see conduct.lua
--       open:NAME        slots and earliest expiry >I4 >I7, then a record a grant, by number:
--                        number >I6, random part of the node c8, slots >I3, expiry >I7
--       log:NAME:WINDOW  slots >I4, then a record a release, by time: release >I7, slots >I3
--
-- One hash, so that a call costs TIME, one read and one write however many mirrors there are. Lists are packed,
-- so that a call's work in Lua grows with what changes, not with what is there. A double holds whole numbers
-- exactly up to 2^53; µs since 1970 reach that in the year 2255. But tostring keeps 14 digits only: use `text`.
--
-- The rules are those of LedgerState.swift; a differential test holds the two together. Change both.

local RECORD, GRANT = 10, 24
local MOST_RECORDS, MOST_GRANTS, MOST_TOGETHER, MOST_LIVES = 1000, 1024, 16777215, 16
local NEVER = 9007199254740991
local UNLIMITED = 1000000
local HOUR, SLOW_CALL, LEAST_PROOF = 3600000000, 50000, 1000
-- Whoever is in doubt asks again so soon, in µs.
local DOUBTFUL_PAUSE = 20000
-- So many musters are the longest doubt: where calls are slow now and then the clock may be put right again and again.
local LONGEST_DOUBT = 3
-- For all who are in doubt the others are asked so often.
local ASKING = 100000

local floor, max, min, sub = math.floor, math.max, math.min, string.sub
local pack, read, tonumber, ipairs = struct.pack, struct.unpack, tonumber, ipairs

local function text(x) return string.format('%.0f', x) end

-- Allowance for a clock at either end that runs 1,000 ppm fast or slow.
local function drift(span) return span <= 0 and 0 or floor((span + 999) / 1000) end

-- What is known of the data as a whole; nil while there is none.
local meta

local cursor, words = 0, ARGV
local function word()
    cursor = cursor + 1
    return words[cursor]
end
local function number()
    cursor = cursor + 1
    return tonumber(words[cursor])
end

local call = {
    raw = number(), version = word(), candidate = word(), known = word(), frame = number(), lower = number(), upper = number(),
    ahead = number(), found = number(), doubt = number(), least = number(), waited = number(), lasted = number(), age = number(),
    node = word(), runID = word(), scope = word(), muster = number(), settling = number(), hold = number(), timeout = number(), mirrors = {},
}

-- What the pool's channels begin with.
local channels = sub(KEYS[1], 1, -7) .. call.scope

-- From a grant until its node, if it stays silent, is taken to have used it to the last moment.
local function life(hold) return hold + drift(hold) + call.timeout + 1000000 + drift(call.timeout) end

local longestWindow = 0

-- From here on a mirror goes by these rules.
local function govern(mirror, rules)
    mirror.burst, mirror.concurrency, mirror.limits, mirror.refill = rules.burst, rules.concurrency, {}, nil
    for l, said in ipairs(rules.limits) do
        local count, window = said.count, said.window
        mirror.limits[l] = {
            count = count, window = window, field = 'log:' .. mirror.name .. ':' .. (said.text or text(window)),
            guarded = window + drift(window), step = count > MOST_RECORDS and floor((window + 511) / 512) or 1,
        }
        longestWindow = max(longestWindow, window)
        if mirror.burst > 0 then
            local interval = floor((window + count - 1) / count)
            mirror.refill = max(mirror.refill or 0, interval + drift(interval))
        end
    end
end

for m = 1, number() do
    local name, burst, concurrency, limits = word(), word(), word(), {}
    local said = burst .. ',' .. concurrency
    for l = 1, number() do
        local count, window = word(), word()
        limits[l] = { count = tonumber(count), window = tonumber(window), text = window }
        said = said .. ';' .. count .. '/' .. window
    end
    -- The text is what rulesText would make of it.
    call.mirrors[m] = { name = name, text = said, own = { burst = tonumber(burst), concurrency = tonumber(concurrency), limits = limits } }
end

-- When a slot that completed at `completion` is free again under a limit. Releases fall on multiples of a step.
local function releaseOf(limit, completion, step)
    local exact = completion + limit.guarded
    local past = exact % step
    return past == 0 and exact or exact + step - past
end

---------------------------------------------------------------------------------------------- release logs

-- A log is { s = the packed field, first = where its first record begins, sum = slots, dirty }.

local function purgeLog(log, now)
    local s, position, last = log.s, log.first, #log.s
    while position < last do
        local release, count = read('>I7I3', s, position)
        if release > now then break end
        log.sum = log.sum - count
        position = position + RECORD
    end
    if position ~= log.first then
        log.first = position
        log.dirty = true
    end
end

-- How many records are released at `time` or before. Completions come nearly in order: the end is tried first.
local function endOfReleases(log, records, time)
    local s, first = log.s, log.first
    if records == 0 or read('>I7', s, first + (records - 1) * RECORD) <= time then return records end
    local low, high = 0, records - 1
    while low < high do
        local middle = floor((low + high) / 2)
        if read('>I7', s, first + middle * RECORD) <= time then low = middle + 1 else high = middle end
    end
    return low
end

local function replace(log, from, to, with)
    log.s = sub(log.s, log.first, from - 1) .. with .. sub(log.s, to)
    log.first = 1
    log.dirty = true
end

local function insertRelease(log, release, count)
    local records = (#log.s - log.first + 1) / RECORD
    local place = endOfReleases(log, records, release)
    local here = log.first + place * RECORD
    if place > 0 then
        local known, together = read('>I7I3', log.s, here - RECORD)
        if known == release and together + count <= MOST_TOGETHER then
            replace(log, here - RECORD, here, pack('>I7I3', release, together + count))
            log.sum = log.sum + count
            return
        end
    end
    if records < MOST_RECORDS then
        local fitting = min(count, MOST_TOGETHER)
        replace(log, here, here, pack('>I7I3', release, fitting))
        log.sum = log.sum + fitting
    else
        local host = log.first + min(place, records - 1) * RECORD
        local known, together = read('>I7I3', log.s, host)
        local fitting = min(count, MOST_TOGETHER - together)
        replace(log, host, host + RECORD, pack('>I7I3', max(known, release), together + fitting))
        log.sum = log.sum + fitting
    end
end

-- The same for many releases, which ascend, in one pass: the field is put together once.
local function insertReleases(log, releases, counts)
    local s, from = log.s, log.first
    local records = (#s - from + 1) / RECORD
    if records + #releases > MOST_RECORDS then
        for _, release in ipairs(releases) do insertRelease(log, release, counts[release]) end
        return
    end
    if #releases == 0 then return end
    local pieces, position = {}, from + endOfReleases(log, records, releases[1]) * RECORD
    for _, release in ipairs(releases) do
        while position < #s and read('>I7', s, position) <= release do position = position + RECORD end
        local count, upTo = min(counts[release], MOST_TOGETHER), position
        log.sum = log.sum + count
        if position - RECORD >= from then
            local known, together = read('>I7I3', s, position - RECORD)
            if known == release and together + count <= MOST_TOGETHER then
                upTo = position - RECORD
                count = count + together
            end
        end
        pieces[#pieces + 1] = sub(s, from, upTo - 1)
        pieces[#pieces + 1] = pack('>I7I3', release, count)
        from = position
    end
    pieces[#pieces + 1] = sub(s, from)
    log.s, log.first, log.dirty = table.concat(pieces), 1, true
end

-- When so many slots (at least one) will have been released; nil when the log holds fewer.
local function releaseOfNext(log, needed)
    if needed > log.sum then return nil end
    local passed, position = 0, log.first
    while position < #log.s do
        local release, count = read('>I7I3', log.s, position)
        passed = passed + count
        if passed >= needed then return release end
        position = position + RECORD
    end
    return nil
end

---------------------------------------------------------------------------------------------- open grants

-- Open grants are { s, first, sum, earliest, records, added = packed records to append, dirty }.

local function removeExpired(open, now)
    local expired = {}
    if open.earliest > now then return expired end
    local kept, from, earliest = {}, open.first, NEVER
    for position = open.first, #open.s - 1, GRANT do
        local count, expiry = read('>I3I7', open.s, position + 14)
        if expiry <= now then
            expired[#expired + 1] = { grant = read('>I6', open.s, position), count = count, expiry = expiry }
            kept[#kept + 1] = sub(open.s, from, position - 1)
            from = position + GRANT
            open.sum = open.sum - count
            open.records = open.records - 1
        else
            earliest = min(earliest, expiry)
        end
    end
    kept[#kept + 1] = sub(open.s, from)
    open.s, open.first, open.earliest, open.dirty = table.concat(kept), 1, earliest, true
    return expired
end

-- Where a grant stands that was not made in this call, and whose it is; nil when it is not open (any more).
local function find(open, grant)
    local records = open.records - #open.added
    local low, high = 0, records
    while low < high do
        local middle = floor((low + high) / 2)
        if read('>I6', open.s, open.first + middle * GRANT) < grant then low = middle + 1 else high = middle end
    end
    if low == records then return nil end
    local position = open.first + low * GRANT
    local found, owner = read('>I6c8', open.s, position)
    if found == grant then return position, owner end
    return nil
end

-- Where a node's grant stands; nil when it is not open (any more).
local function placeOf(open, grant, tag)
    local position, owner = find(open, grant)
    return owner == tag and position or nil
end

local function appendGrant(open, grant, tag, count, expiry)
    open.added[#open.added + 1] = pack('>I6c8I3I7', grant, tag, count, expiry)
    open.records = open.records + 1
    open.sum = open.sum + count
    open.earliest = min(open.earliest, expiry)
    open.dirty = true
end

-- Takes settled slots off a record; moves the expiry of what remains, never to an earlier moment.
local function settleGrant(open, position, settled, renewed)
    local count, expiry = read('>I3I7', open.s, position + 14)
    local rest = ''
    if count > settled then
        rest = sub(open.s, position, position + 13) .. pack('>I3I7', count - settled, max(expiry, renewed or 0))
    else
        open.records = open.records - 1
    end
    open.s = sub(open.s, open.first, position - 1) .. rest .. sub(open.s, position + GRANT)
    open.first = 1
    open.sum = open.sum - settled
    open.dirty = true
end

---------------------------------------------------------------------------------------------- a mirror

-- What a limit is held to: the first one may be lowered.
local function countOf(mirror, limit) return limit == mirror.limits[1] and heldTo(mirror.conduct, limit) or limit.count end

-- Counts completed requests until their window is over. Takes effect with `flush`.
local function charge(mirror, completion, count)
    for _, limit in ipairs(mirror.limits) do
        -- Where little is in use, more are released together.
        local release = releaseOf(limit, completion, limit.isPlenty and limit.step > 1 and 32 * limit.step or limit.step)
        limit.charged = limit.charged or {}
        limit.charged[release] = (limit.charged[release] or 0) + count
    end
    if mirror.refill then mirror.drained = max(mirror.drained, completion) + mirror.refill * count end
end

-- Enters what was charged into the logs, in order of release.
local function flush(mirror, now)
    for _, limit in ipairs(mirror.limits) do
        if limit.charged then
            local releases = {}
            for release in pairs(limit.charged) do
                if release > now then releases[#releases + 1] = release end
            end
            table.sort(releases)
            insertReleases(limit.log, releases, limit.charged)
            limit.charged = nil
        end
    end
end

-- The caller has called before, and yet nobody has announced this mirror: the data was lost since, and nobody who spoke in the muster
-- knew of it. So it is taken to be used up.
local function withhold(mirror, latest)
    local count, longest = #mirror.limits == 0 and mirror.concurrency or 0, 0
    for _, limit in ipairs(mirror.limits) do count, longest = max(count, limit.count), limit.guarded end
    if count == 0 then return end
    local expiry = latest + life(call.hold)
    appendGrant(mirror.open, meta.nextNumber, 'sealed--', count, expiry)
    meta.nextNumber = meta.nextNumber + 1
    meta.sealedUntil = max(meta.sealedUntil, expiry + longest)
end

-- Takes in what the caller is configured with, and goes over to what counts from here on: what is known of the requests so far
-- counts under new rules too. A log that begins is filled from that of the longest window so far, which remembers most.
local function agree(mirror, now, latest)
    local first = mirror.announced[1]
    local left = first and first.till - latest
    if first and #mirror.announced == 1 and first.text == mirror.text and left >= RENEWED and (call.unsure or left <= ANNOUNCED) then return end
    local isNews
    mirror.announced, isNews = announce(mirror.announced, mirror.text, now, latest, not call.unsure)
    mirror.announces = true
    if isNews then call.isNews = true end
    local former, before, burst = mirror.limits, mirror.refill, mirror.burst
    local rules = strictestOf(mirror.announced)
    if not mirror.isKnown or rulesText(rules) == rulesText(mirror) then
        if not mirror.isKnown then
            mirror.isKnown = true
            if call.keeps and meta.musterUntil == 0 and call.muster > 0 and call.known ~= '' and call.upper then withhold(mirror, latest) end
        end
        return
    end
    govern(mirror, rules)
    local longest, logs, past = former[#former], {}, {}
    for _, limit in ipairs(former) do logs[limit.window] = limit end
    if longest then
        for position = longest.log.first, #longest.log.s - 1, RECORD do
            local release, count = read('>I7I3', longest.log.s, position)
            past[#past + 1] = { completion = release - longest.guarded, count = count }
        end
    end
    for _, limit in ipairs(mirror.limits) do
        if logs[limit.window] then
            limit.log = logs[limit.window].log
            logs[limit.window] = nil
        else
            limit.log, limit.charged = { s = '', first = 1, sum = 0, dirty = true }, {}
            for _, record in ipairs(past) do
                local release = releaseOf(limit, record.completion, limit.step)
                limit.charged[release] = (limit.charged[release] or 0) + record.count
            end
        end
    end
    if mirror.refill then
        if before then
            if before ~= mirror.refill and mirror.drained > now then
                mirror.drained = now + floor((mirror.drained - now + before - 1) / before) * mirror.refill
                mirror.dirty = true
            end
        elseif longest then
            mirror.drained, mirror.dirty = 0, true
            for _, record in ipairs(past) do
                mirror.drained = max(mirror.drained, record.completion) + mirror.refill * record.count
            end
        end
    end
    flush(mirror, now)
    for _, limit in pairs(logs) do mirror.gone[#mirror.gone + 1] = limit.field end
end

local function purge(mirror, now)
    for _, expired in ipairs(removeExpired(mirror.open, now)) do
        mirror.expired = mirror.expired + expired.count
        mirror.dirty = true
        charge(mirror, expired.expiry, expired.count)
        conductExpired(mirror, expired.grant, now)
    end
    flush(mirror, now)
    for _, limit in ipairs(mirror.limits) do purgeLog(limit.log, now) end
    recover(mirror, now)
end

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

-- From when on what is still to come is counted: whoever is in doubt takes the clock for right here, since it may ask too soon, and
-- must not ask too late.
local function present(now) return call.unsure or now end

local function statusOf(mirror, now)
    local open, used, least = mirror.open, mirror.open.sum, nil
    for _, limit in ipairs(mirror.limits) do
        local left = countOf(mirror, limit) - limit.log.sum - open.sum
        if not least or left < least then least, used = left, limit.log.sum + open.sum end
    end
    local free, nextRelease, from = freeOf(mirror, now), 0, present(now)
    if free == 0 then
        local earliest = earliestRoom(mirror, now)
        nextRelease = earliest and max(earliest, mirror.paused, mirror.sealed) - from or -1
        if earliest and call.unsure then nextRelease = max(DOUBTFUL_PAUSE, nextRelease) end
    end
    return {
        free, used, nextRelease, max(0, mirror.paused - from), max(0, mirror.sealed - from, (meta and meta.sealedUntil or 0) - from),
        standing(mirror.conduct), mirror.conduct.held,
    }
end

local function statuses(now)
    local list = {}
    for m, mirror in ipairs(call.mirrors) do list[m] = statusOf(mirror, now) end
    return list
end

---------------------------------------------------------------------------------------------- the whole

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

local META_WORDS, STATE_WORDS = '^' .. string.rep('(%S+) ', 17) .. '(%S+)', '^' .. string.rep('(%-?%d*)%s?', 8)

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
        local parts, numbers = { string.match(values[1], META_WORDS) }, {}
        for place, part in ipairs(parts) do numbers[place] = tonumber(part) end
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
            local sum, earliest = read('>I4I7', open)
            mirror.open = { s = open, first = 12, sum = sum, earliest = earliest, records = (#open - 11) / GRANT, added = {} }
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
            limit.log = log and { s = log, first = 5, sum = (read('>I4', log)) } or { s = '', first = 1, sum = 0 }
        end
    end
end

-- A mirror's fields as they are, for a member to remember: its name, its state, open grants and rules, and its logs in the order
-- of their windows.
local function remembered(mirror) return { mirror.name, unpack(mirror.raw) } end

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

local function rawTime()
    if call.raw then return call.raw end
    local time = redis.call('TIME')
    return tonumber(time[1]) * 1000000 + tonumber(time[2])
end

-- While members are asked what they remember nothing is free.
local function seal(now)
    for _, mirror in ipairs(call.mirrors) do
        mirror.sealed = meta and meta.musterUntil > 0 and max(meta.musterUntil, now + 1000) or 0
    end
end

---------------------------------------------------------------------------------------------- loss of data

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

-- Each mirror takes in what the caller is configured with, and what time has brought.
local function takeIn(now, latest)
    for _, mirror in ipairs(call.mirrors) do
        mirror.present = call.unsure
        agree(mirror, now, latest)
        if not call.unsure and mirror.paused > latest + 24 * HOUR then mirror.paused, mirror.dirty = latest + 24 * HOUR, true end
        purge(mirror, now)
    end
end

-- Begins a call that changes the ledger: finds or begins its data, notices a loss, tells the time, and takes in
-- what time has brought. Returns both readings of ledger time.
local function begin()
    local raw = rawTime()
    load()
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

-- What every reply begins with, and what follows behind it.
local function reply(now, ...)
    local until_ = meta and meta.musterUntil or 0
    return {
        now, call.clock, meta and meta.frame or 0, call.unsure and 1 or 0, meta and meta.incarnation or '', until_ > 0 and meta.musters or 0,
        until_ > 0 and max(0, until_ - present(now)) or 0, ...,
    }
end
