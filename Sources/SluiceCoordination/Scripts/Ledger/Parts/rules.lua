-- What members are configured with, and what counts where they differ. The rules and their reasons are those of Announcements.swift
-- and MirrorRules+Strictest.swift.
--
-- Field rules:NAME of the ledger's hash: CONFIGURATION=UNTIL CONFIGURATION=UNTIL …, where UNTIL is ledger time in µs, and a
-- CONFIGURATION is burst,concurrency;count/window;count/window…, its windows in µs and ascending, 0 for what there is not.
-- There is a log:NAME:WINDOW for each window of the strictest of these, and for no other.

local MOST_CONFIGURATIONS, MOST_LIMITS = 8, 4
local ANNOUNCED, RENEWED, LONGEST_WINDOW = 30000000, 20000000, 744 * HOUR

local function rulesText(rules)
    local parts = { text(rules.burst) .. ',' .. text(rules.concurrency) }
    for _, limit in ipairs(rules.limits) do parts[#parts + 1] = text(limit.count) .. '/' .. text(limit.window) end
    return table.concat(parts, ';')
end

local function readAnnouncements(field)
    local entries = {}
    for said, till in string.gmatch(field or '', '(%S+)=(%-?%d+)') do
        entries[#entries + 1] = { text = said, till = tonumber(till) }
    end
    return entries
end

local function packAnnouncements(entries)
    local parts = {}
    for place, entry in ipairs(entries) do parts[place] = entry.text .. '=' .. text(entry.till) end
    return table.concat(parts, ' ')
end

-- The rules that satisfy all of these texts; nil for none.
local function strictest(texts)
    local function parsed(said)
        local burst, concurrency = string.match(said, '^(%d+),(%d+)')
        local rules = { burst = tonumber(burst), concurrency = tonumber(concurrency), limits = {} }
        for count, window in string.gmatch(said, ';(%d+)/(%d+)') do
            local limit = { count = tonumber(count), window = tonumber(window) }
            if limit.count < 1 or limit.window < 1 or limit.window > LONGEST_WINDOW then damaged() end
            rules.limits[#rules.limits + 1] = limit
        end
        if not burst then damaged() end
        return rules
    end
    local function least(one, other)
        if one == 0 or other == 0 then return max(one, other) end
        return min(one, other)
    end
    if #texts == 0 then return nil end
    if #texts == 1 then return parsed(texts[1]) end
    local whole, counts, windows = { burst = 0, concurrency = 0, limits = {} }, {}, {}
    for _, said in ipairs(texts) do
        local rules = parsed(said)
        whole.burst, whole.concurrency = least(whole.burst, rules.burst), least(whole.concurrency, rules.concurrency)
        for _, limit in ipairs(rules.limits) do
            if not counts[limit.window] then windows[#windows + 1] = limit.window end
            counts[limit.window] = min(counts[limit.window] or limit.count, limit.count)
        end
    end
    table.sort(windows)
    for place, window in ipairs(windows) do whole.limits[place] = { count = counts[window], window = window } end
    while #whole.limits > MOST_LIMITS do
        local shortest = table.remove(whole.limits, 1)
        whole.limits[1].count = min(whole.limits[1].count, shortest.count)
    end
    return whole
end

local function strictestOf(entries)
    local texts = {}
    for place, entry in ipairs(entries) do texts[place] = entry.text end
    return strictest(texts)
end

-- A member says what it is configured with; what nobody has any more is dropped. `isSure`: nothing can bind for longer than what is
-- said now. Returns what is announced from here on, and whether others may want to know.
local function announce(entries, own, now, latest, isSure)
    local kept, isKnown, isNews = {}, false, false
    for _, entry in ipairs(entries) do
        if entry.till > now then
            kept[#kept + 1] = { text = entry.text, till = isSure and min(entry.till, latest + ANNOUNCED) or entry.till }
            if entry.text == own then
                isKnown = true
                if entry.till - latest < RENEWED then kept[#kept].till = latest + ANNOUNCED end
            end
        end
    end
    if not isKnown then
        local entry, last = { text = own, till = latest + ANNOUNCED }, kept[MOST_CONFIGURATIONS]
        if last then entry = { text = rulesText(strictest({ last.text, own })), till = max(last.till, entry.till) } end
        kept[last and MOST_CONFIGURATIONS or #kept + 1] = entry
    end
    if #entries > 0 then
        isNews = #entries ~= #kept
        for place, entry in ipairs(kept) do isNews = isNews or entries[place].text ~= entry.text end
    end
    return kept, isNews
end

-- Of all mirrors that the call is about.
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
