-- The ledger as it is, for a member to remember: what the muster goes by when data is lost.
--
-- KEYS  1 ledger
-- ARGV  those of ledger.lua, then
--       version      that the caller has already; -1 for none
-- Reply { HEAD, lives, version, next number, mirrors }
--       mirrors      for each { name, state, open, rules, conduct, log of each window }, the fields of the hash, '' where there
--                    is none; windows are those of the strictest of the rules, or the caller's where there are none; no
--                    mirrors when the caller's version is the latest, or while a muster is under way
-- Sends nothing, changes nothing.

local now = look()
local known, mirrors = number(), {}
if meta and meta.musterUntil == 0 and meta.version ~= known then
    for m, mirror in ipairs(call.mirrors) do mirrors[m] = { mirror.name, unpack(mirror.raw) } end
end
return reply(now, meta and meta.lives or '', meta and meta.version or 0, meta and meta.nextNumber or 0, mirrors)
