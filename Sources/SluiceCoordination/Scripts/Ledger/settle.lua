-- Reports what became of slots. Repeating a call unchanged does nothing.
--
-- KEYS  1 ledger
-- ARGV  those of ledger.lua, then
--       tag          the random part of the node
--       count of entries, and for each:
--           mirror       from 0
--           number       of the grant
--           incarnation  that made it; after a muster its grants are found all the same, since no two lives share a number
--           remaining    slots of the grant that no earlier entry reported
--           unsent       slots that were provably never used: free at once
--           answered     how many of all these slots' requests were answered
--           failed       how many failed, sent or not
--           unreached    how many could not leave, from a node that may be cut off itself
--           latency      median of the time that the answers took, µs; '' when there are none
--           extend       µs that the remaining slots may still wait to be sent; '' when not renewed
--           ages         µs since each completion, with commas between; AGE*COUNT for several
-- Reply { HEAD, entries carried out, entries of another incarnation, statuses }; while a muster is under way, and to a caller who is
--       in doubt, nothing is carried out, and the caller repeats the call after it: by a clock that is ahead slots would be in
--       use until that time has come
-- Sends to <channels>leader:wake: freed, when a mirror that had nothing free has something again.

-- Where a node's grant stands; nil when it is not open (any more).
local function placeOf(open, grant, tag)
    local position, owner = find(open, grant)
    return owner == tag and position or nil
end

-- Takes settled slots off a record; moves the expiry of what remains, never to an earlier moment.
local function settleGrant(open, position, settled, renewed)
    local count, expiry = read('>I3I7', open.s, position + 14)
    local rest = ''
    if count > settled then
        rest = sub(open.s, position, position + 13) .. pack('>I3I7', count - settled, max(expiry, renewed or 0))
    else
        open.records = open.records - 1
    end
    open.s = sub(open.s, open.first, position - 1) .. rest .. sub(open.s, position + GRANT)
    open.first = 1
    open.sum = open.sum - settled
    open.dirty = true
end

local now, latest = begin()
local tag = word()

local before = {}
for m, mirror in ipairs(call.mirrors) do
    before[m] = freeOf(mirror, now)
    for _, limit in ipairs(mirror.limits) do limit.isPlenty = 4 * (limit.log.sum + mirror.open.sum) < countOf(mirror, limit) end
end

local applied, foreign = 0, 0
for _ = 1, (call.unsure or meta.musterUntil > 0) and 0 or number() do
    local mirror = call.mirrors[number() + 1]
    local grant, incarnation, remaining, unsent = number(), word(), number(), max(0, number())
    local answered, failed, unreached, latency = max(0, number()), max(0, number()), max(0, number()), number()
    local extend, ages, completed = number(), {}, 0
    for age, together in string.gmatch(word(), '(%-?%d+)%*?(%d*)') do
        local count = tonumber(together) or 1
        ages[#ages + 1] = { tonumber(age), count }
        completed = completed + count
    end
    local counts = false
    local position = mirror and placeOf(mirror.open, grant, tag)
    if mirror and not position and incarnation ~= meta.incarnation then
        counts = true
        foreign = foreign + 1
    elseif position then
        local held = read('>I3', mirror.open.s, position + 14)
        if held >= remaining and held >= completed + unsent then
            counts = true
            applied = applied + 1
            settleGrant(mirror.open, position, completed + unsent, extend and latest + life(max(0, extend)))
            mirror.unsent = mirror.unsent + unsent
            if extend then conductExtended(mirror, grant) end
            judge(mirror, grant, answered, failed, unreached, mirror.settled + completed, meta.nextNumber, now)
            if latency then mirror.latency = moved(mirror.latency, latency) end
        end
    end
    if counts then
        for _, age in ipairs(ages) do charge(mirror, latest - age[1] + drift(age[1]), age[2]) end
        mirror.settled = mirror.settled + completed
        mirror.dirty = true
    end
end

local freed = false
for m, mirror in ipairs(call.mirrors) do
    flush(mirror, now)
    if before[m] == 0 and freeOf(mirror, now) > 0 then freed = true end
end

save()
if freed then redis.call('PUBLISH', channels .. 'leader:wake', 'freed') end
return reply(now, applied, foreign, statuses(now))
