-- Says what the caller is configured with, as every call that changes the ledger does, and asks what others are.
--
-- KEYS  1 ledger
-- ARGV  those of ledger.lua
-- Reply { HEAD, rules of each mirror: the field rules:NAME of rules.lua }
-- Sends nothing of its own.

local now = begin()
local said = {}
for m, mirror in ipairs(call.mirrors) do said[m] = packAnnouncements(mirror.announced) end
save()
return reply(now, said)
