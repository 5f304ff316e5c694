-- Keeps what a node remembers until the muster ends.
--
-- KEYS  1 ledger
-- ARGV  those of ledger.lua, then
--       tag          the random part of the node
--       muster       its number
--       incarnation  that it is in
--       memory       see Recollection+Text.swift
-- Reply { HEAD }
-- Sends nothing.

local now, latest = begin()
local tag, muster, incarnation, memory = word(), number(), word(), word()
if meta.musterUntil > 0 and meta.musters == muster and meta.incarnation == incarnation then
    local field = 'memory:' .. tag
    if redis.call('HEXISTS', KEYS[1], field) == 0 then meta.memories = meta.memories + 1 end
    redis.call('HSET', KEYS[1], field, text(now) .. ' ' .. text(latest) .. ' ' .. memory)
end
save()
return reply(now, latest)
