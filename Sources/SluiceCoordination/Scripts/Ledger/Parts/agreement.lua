-- How a mirror goes over to what its members are configured with. The rules are those of MirrorLedger+Agreement.swift.

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
