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
-- What is kept of ledger time may be old where the caller's bounds are of another frame: a grant must not seem to live for longer.
local ahead = latest
if meta then
    ahead = max(ahead, meta.raw + meta.adjustment)
    if call.known == meta.incarnation and call.lower then ahead = max(ahead, call.lower) end
end
local held = {}
for m, mirror in ipairs(call.mirrors) do
    local open = mirror.open
    for position = open.first, #open.s - 1, GRANT do
        local grant, owner, count, expiry = read('>I6c8I3I7', open.s, position)
        if owner == tag then
            local at = #held
            held[at + 1], held[at + 2], held[at + 3], held[at + 4] = m - 1, grant, count, expiry - ahead
        end
    end
end
return reply(now, held)
