-- Keeps what a node remembers until the muster ends. Where nothing is known to be lost and everybody who is subscribed has said that
-- he remembers nothing, the muster may be ended as soon as every member that is well has had the time to connect.
--
-- KEYS  1 ledger
-- ARGV  those of ledger.lua, then
--       node         who speaks
--       remembers    0: there is nothing in the memory
--       muster       its number
--       incarnation  that it is in
--       memory       see Recollection+Text.swift
-- Reply { HEAD }
-- Sends nothing.

local now, latest = begin()
local node, remembers, muster, incarnation, memory = word(), word(), number(), word(), word()

if meta.musterUntil > 0 and meta.musters == muster and meta.incarnation == incarnation then
    local field = 'memory:' .. sub(node, -8)
    if redis.call('HEXISTS', KEYS[1], field) == 0 then meta.memories = meta.memories + 1 end
    local ignorant = redis.call('HGET', KEYS[1], 'ignorant') or ''
    if remembers ~= '0' and ignorant ~= '!' then
        ignorant = '!'
        prolong(now)
    elseif ignorant ~= '!' then
        if not lists(ignorant, node) then ignorant = ignorant .. ' ' .. node end
        -- 0 would say that there is no muster.
        if meta.lost == '' and others(ignorant) <= 0 then meta.musterUntil = max(1, min(meta.musterUntil, present(now) + call.settling)) end
    end
    redis.call('HSET', KEYS[1], field, text(now) .. ' ' .. text(latest) .. ' ' .. memory, 'ignorant', ignorant)
end
save()
return reply(now)
