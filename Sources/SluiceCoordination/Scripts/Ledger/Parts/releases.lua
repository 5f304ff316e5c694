-- Release logs: slots whose requests are over, until their window is; one log for each limit of a mirror. A log is
-- { s = the packed field, first = where its first record begins, sum = slots, dirty }. The rules are those of ReleaseLog.swift.

local RECORD, MOST_RECORDS, MOST_TOGETHER = 10, 1000, 16777215

-- When a slot that completed at `completion` is free again under a limit. Releases fall on multiples of a step.
local function releaseOf(limit, completion, step)
    local exact = completion + limit.guarded
    local past = exact % step
    return past == 0 and exact or exact + step - past
end

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

local function insertRelease(log, release, count)
    local function replace(from, to, with)
        log.s = sub(log.s, log.first, from - 1) .. with .. sub(log.s, to)
        log.first = 1
        log.dirty = true
    end
    local records = (#log.s - log.first + 1) / RECORD
    local place = endOfReleases(log, records, release)
    local here = log.first + place * RECORD
    if place > 0 then
        local known, together = read('>I7I3', log.s, here - RECORD)
        if known == release and together + count <= MOST_TOGETHER then
            replace(here - RECORD, here, pack('>I7I3', release, together + count))
            log.sum = log.sum + count
            return
        end
    end
    if records < MOST_RECORDS then
        local fitting = min(count, MOST_TOGETHER)
        replace(here, here, pack('>I7I3', release, fitting))
        log.sum = log.sum + fitting
    else
        local host = log.first + min(place, records - 1) * RECORD
        local known, together = read('>I7I3', log.s, host)
        local fitting = min(count, MOST_TOGETHER - together)
        replace(host, host + RECORD, pack('>I7I3', max(known, release), together + fitting))
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
