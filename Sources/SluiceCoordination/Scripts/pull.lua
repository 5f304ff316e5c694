-- A node's open grants.
--
-- KEYS  1 ledger
-- ARGV  those of ledger.lua, then
--       tag          the random part of the node
-- Reply { HEAD, grants }
--       grants       flat: mirror (from 0), number, slots, µs until they count as used, and again
-- Sends nothing, changes nothing.

local now, latest = look()
local tag = word()
local held = {}
for m, mirror in ipairs(call.mirrors) do
    local open = mirror.open
    for position = open.first, #open.s - 1, GRANT do
        local grant, owner, count, expiry = read('>I6c8I3I7', open.s, position)
        if owner == tag then
            local at = #held
            held[at + 1], held[at + 2], held[at + 3], held[at + 4] = m - 1, grant, count, expiry - latest
        end
    end
end
return reply(now, latest, held)
