-- Ends the muster: the ledger becomes what its members remember.
--
-- KEYS  1 ledger
-- ARGV  those of ledger.lua, then
--       muster       its number
--       incarnation  that it is in
--       memories     how many were gathered; with more by now nothing is done, and the caller gathers again
--       version      above that of every copy in it
--       next number  above that of every grant in it
--       sealed       ledger time until which some slots are withheld; 0: none are
--       lives        earlier incarnations that were remembered, with spaces between
--       for each mirror: name, state, open, rules, conduct (the fields of the hash, '' for none), count of logs, and for each:
--           window, log
-- Reply { HEAD, done (1 or 0), statuses }
-- Sends to <channels>leader:wake: freed, when it was done.

local now, latest = begin()
local muster, incarnation, memories = number(), word(), number()
local version, nextNumber, sealedUntil, lives = number(), number(), number(), word()
local done = meta.musterUntil > 0 and meta.musters == muster and meta.incarnation == incarnation
    and meta.memories == memories and now >= meta.musterUntil
if done then
    local changes, gone, names = {}, { 'lost', 'ignorant' }, {}
    local function change(field)
        local value = word()
        if value ~= '' then
            changes[#changes + 1] = field
            changes[#changes + 1] = value
        end
        return value
    end
    while cursor < #ARGV do
        local name = word()
        names[name] = true
        change('state:' .. name)
        change('open:' .. name)
        local rules = strictestOf(readAnnouncements(change('rules:' .. name)))
        -- Whoever ends the muster need not be configured with this mirror.
        for _, limit in ipairs(rules and rules.limits or {}) do longestWindow = max(longestWindow, limit.window) end
        change('conduct:' .. name)
        for _ = 1, number() do change('log:' .. name .. ':' .. word()) end
    end
    for _, field in ipairs(redis.call('HKEYS', KEYS[1])) do
        local name = string.match(field, '^%a+:([^:]+)')
        if sub(field, 1, 7) == 'memory:' or name and names[name] then gone[#gone + 1] = field end
    end
    redis.call('HDEL', KEYS[1], unpack(gone))
    if #changes > 0 then redis.call('HSET', KEYS[1], unpack(changes)) end
    local kept = meta
    load()
    meta = kept
    meta.version = max(meta.version, version)
    meta.nextNumber = max(meta.nextNumber, nextNumber)
    meta.sealedUntil = max(meta.sealedUntil, sealedUntil)
    meta.musterUntil, meta.memories, meta.lost = 0, 0, ''
    for life in string.gmatch(lives, '%S+') do
        if life ~= meta.incarnation then meta.lives = with(meta.lives, life) end
    end
    meta.told = true
    seal(now)
    takeIn(now, latest)
end
save()
if done then redis.call('PUBLISH', channels .. 'leader:wake', 'freed') end
return reply(now, done and 1 or 0, statuses(now))
