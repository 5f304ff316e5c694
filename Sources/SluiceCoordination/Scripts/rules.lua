-- What members are configured with, and what counts where they differ; stands before ledger.lua. The rules and their reasons are
-- those of Announcements.swift and MirrorRules+Strictest.swift; a differential test holds the two together. Change both.
--
-- Field rules:NAME of the ledger's hash: CONFIGURATION=UNTIL CONFIGURATION=UNTIL …, where UNTIL is ledger time in µs, and a
-- CONFIGURATION is burst,concurrency;count/window;count/window…, its windows in µs and ascending, 0 for what there is not.
-- There is a log:NAME:WINDOW for each window of the strictest of these, and for no other.

local MOST_CONFIGURATIONS, MOST_LIMITS = 8, 4
local ANNOUNCED, RENEWED = 30000000, 20000000

local function digits(x) return string.format('%.0f', x) end

local function rulesText(rules)
    local parts = { digits(rules.burst) .. ',' .. digits(rules.concurrency) }
    for _, limit in ipairs(rules.limits) do parts[#parts + 1] = digits(limit.count) .. '/' .. digits(limit.window) end
    return table.concat(parts, ';')
end

local function readRules(text)
    local burst, concurrency = string.match(text, '^(%d+),(%d+)')
    local rules = { burst = tonumber(burst), concurrency = tonumber(concurrency), limits = {} }
    for count, window in string.gmatch(text, ';(%d+)/(%d+)') do
        rules.limits[#rules.limits + 1] = { count = tonumber(count), window = tonumber(window) }
    end
    return rules
end

local function readAnnouncements(field)
    local entries = {}
    for text, till in string.gmatch(field or '', '(%S+)=(%-?%d+)') do
        entries[#entries + 1] = { text = text, till = tonumber(till) }
    end
    return entries
end

local function packAnnouncements(entries)
    local parts = {}
    for place, entry in ipairs(entries) do parts[place] = entry.text .. '=' .. digits(entry.till) end
    return table.concat(parts, ' ')
end

local function least(one, other)
    if one == 0 or other == 0 then return math.max(one, other) end
    return math.min(one, other)
end

-- The rules that satisfy all of these texts; nil for none.
local function strictest(texts)
    if #texts == 0 then return nil end
    if #texts == 1 then return readRules(texts[1]) end
    local whole, counts, windows = { burst = 0, concurrency = 0, limits = {} }, {}, {}
    for _, text in ipairs(texts) do
        local rules = readRules(text)
        whole.burst, whole.concurrency = least(whole.burst, rules.burst), least(whole.concurrency, rules.concurrency)
        for _, limit in ipairs(rules.limits) do
            if not counts[limit.window] then windows[#windows + 1] = limit.window end
            counts[limit.window] = math.min(counts[limit.window] or limit.count, limit.count)
        end
    end
    table.sort(windows)
    for place, window in ipairs(windows) do whole.limits[place] = { count = counts[window], window = window } end
    while #whole.limits > MOST_LIMITS do
        local shortest = table.remove(whole.limits, 1)
        whole.limits[1].count = math.min(whole.limits[1].count, shortest.count)
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
            kept[#kept + 1] = { text = entry.text, till = isSure and math.min(entry.till, latest + ANNOUNCED) or entry.till }
            if entry.text == own then
                isKnown = true
                if entry.till - latest < RENEWED then kept[#kept].till = latest + ANNOUNCED end
            end
        end
    end
    if not isKnown then
        local entry, last = { text = own, till = latest + ANNOUNCED }, kept[MOST_CONFIGURATIONS]
        if last then entry = { text = rulesText(strictest({ last.text, own })), till = math.max(last.till, entry.till) } end
        kept[last and MOST_CONFIGURATIONS or #kept + 1] = entry
    end
    if #entries > 0 then
        isNews = #entries ~= #kept
        for place, entry in ipairs(kept) do isNews = isNews or entries[place].text ~= entry.text end
    end
    return kept, isNews
end

