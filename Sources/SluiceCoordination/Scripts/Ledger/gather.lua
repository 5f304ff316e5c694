-- What all members remember, for whoever ends the muster.
--
-- KEYS  1 ledger
-- ARGV  those of ledger.lua
-- Reply { HEAD, lives, version, next number, mirrors, muster start, lost, memories }
--       mirrors      as in copy.lua: all that this server still has, whoever is configured with it
--       memories     tag, memory (with both readings of ledger time before it), and again; none before the muster may be ended
-- Sends nothing, changes nothing.

local now = look()
local mirrors, memories = {}, {}
if meta and meta.musterUntil > 0 and now >= meta.musterUntil then
    local all, fields = redis.call('HGETALL', KEYS[1]), {}
    for f = 1, #all, 2 do
        fields[all[f]] = all[f + 1]
        if sub(all[f], 1, 7) == 'memory:' then
            memories[#memories + 1] = sub(all[f], 8)
            memories[#memories + 1] = all[f + 1]
        end
    end
    for field, rules in pairs(fields) do
        local name = string.match(field, '^rules:(.+)$')
        if name then
            local parts = { name, fields['state:' .. name] or '', fields['open:' .. name] or '', rules, fields['conduct:' .. name] or '' }
            for _, limit in ipairs(strictestOf(readAnnouncements(rules)).limits) do
                parts[#parts + 1] = fields['log:' .. name .. ':' .. text(limit.window)] or ''
            end
            mirrors[#mirrors + 1] = parts
        end
    end
end
return reply(now, meta and meta.lives or '', meta and meta.version or 0, meta and meta.nextNumber or 0, mirrors,
    meta and meta.musterStart or 0, meta and meta.lost or '', memories)
