-- Takes what is free, up to what is wanted, and records it.
--
-- KEYS  1 ledger, 2 leader, 3 epoch
-- ARGV  those of ledger.lua, then
--       caller       node
--       epoch        the caller's fencing token; '' when it reserves for itself
--       yields       1: give nothing while a leader lives and others wait with it; 2: give only what nobody wants
--       count of demands, and for each: node, wanted, tier, stamp, sequence
-- Reply { HEAD, outcome, current epoch, grants, statuses }
--       outcome      0 considered, 1 the epoch is stale, 2 queue with the leader, 3 a muster is under way
--       grants       flat: demand, mirror (both from 0), number, slots, and again
-- Sends to <channels>node:NODE, for each demand but the caller's own that got something, one line:
--       1 incarnation frame epoch time sequence stamp life NAME=number:slots NAME=number:slots …

local now, latest = begin()
local caller, epoch, yields = word(), word(), word()

local outcome, current = 0, 0
local othersWait = meta.waiting > 0 and now - meta.waitingAt <= 1000000
if epoch ~= '' then
    local held = redis.call('MGET', KEYS[2], KEYS[3])
    current = tonumber(held[2] or '0')
    local sameLife = call.known == '' or call.known == meta.incarnation
    if held[1] ~= caller or current ~= tonumber(epoch) or not sameLife then outcome = 1 end
elseif yields == '1' and othersWait then
    local leader = redis.call('GET', KEYS[2])
    if leader and leader ~= caller then outcome = 2 end
elseif yields == '2' and othersWait then
    outcome = 2
end
if outcome ~= 1 and meta.musterUntil > 0 then outcome = 3 end

-- Divides a supply: lower tiers first; within a tier max-min fair, the odd ones to those named first.
local function divide(supply, demands)
    local tiers, byTier = {}, {}
    for _, demand in ipairs(demands) do
        if demand.wanted > 0 then
            if not byTier[demand.tier] then
                byTier[demand.tier] = {}
                tiers[#tiers + 1] = demand.tier
            end
            table.insert(byTier[demand.tier], demand)
        end
    end
    table.sort(tiers)
    local left = supply
    for _, tier in ipairs(tiers) do
        local unmet = byTier[tier]
        while left > 0 and #unmet > 0 do
            local share, still = max(1, floor(left / #unmet)), {}
            for _, demand in ipairs(unmet) do
                local part = min(share, demand.wanted - demand.share, left)
                demand.share = demand.share + part
                left = left - part
                if demand.share < demand.wanted then still[#still + 1] = demand end
            end
            unmet = still
        end
    end
    return supply - left
end

-- How fast mirrors answer, in eighths of the fastest; one that is unknown counts as fast, one that fails as slow. A few milliseconds
-- make no difference.
local function speeds()
    local fastest, list = NEVER, {}
    for _, mirror in ipairs(call.mirrors) do
        if mirror.latency > 0 then fastest = min(fastest, mirror.latency) end
    end
    for m, mirror in ipairs(call.mirrors) do
        if mirror.conduct.score > 0 then
            list[m] = 1
        else
            list[m] = mirror.latency > 0 and max(1, floor(8 * (fastest + 5000) / (mirror.latency + 5000))) or 8
        end
    end
    return list
end

-- Takes a total from mirrors: from those in good standing first; among them in proportion to what each has free and to how fast
-- it answers: largest remainder, ties to the first. See Allotment.swift.
local function split(total, free)
    local parts, speed, left = {}, speeds(), total
    for m = 1, #free do parts[m] = 0 end
    for tier = 1, 2 do
        while left > 0 do
            local weights, order, sum, due = {}, {}, 0, left
            for m, mirror in ipairs(call.mirrors) do
                if (mirror.conduct.probe ~= 0) == (tier == 2) and parts[m] < free[m] then
                    weights[m] = (free[m] - parts[m]) * speed[m]
                    sum = sum + weights[m]
                    order[#order + 1] = m
                end
            end
            if sum == 0 then break end
            for _, m in ipairs(order) do
                local part = min(floor(due * weights[m] / sum), free[m] - parts[m])
                parts[m] = parts[m] + part
                left = left - part
            end
            if left > 0 then
                table.sort(order, function(one, other)
                    local a, b = due * weights[one] % sum, due * weights[other] % sum
                    if a ~= b then return a > b end
                    return one < other
                end)
                for place = 1, min(left, #order) do
                    local m = order[place]
                    if parts[m] < free[m] then
                        parts[m] = parts[m] + 1
                        left = left - 1
                    end
                end
            end
        end
    end
    return parts
end

-- What a mirror has beyond a quarter of each limit, which stays for those who come.
local function spareOf(mirror, now)
    local spare = freeOf(mirror, now)
    for _, limit in ipairs(mirror.limits) do
        local count = countOf(mirror, limit)
        spare = min(spare, count - floor(count / 4) - limit.log.sum - mirror.open.sum)
    end
    return max(0, spare)
end

-- The tier of what is wanted ahead: nobody waits for it.
local AHEAD = 3

local grants, messages = {}, {}
if outcome == 0 then
    local demands, waiting = {}, 0
    for d = 1, number() do
        demands[d] = { node = word(), wanted = number(), tier = number(), stamp = word(), sequence = word(), share = 0 }
    end
    local free, sum = {}, 0
    for m, mirror in ipairs(call.mirrors) do
        free[m] = yields == '2' and spareOf(mirror, now) or freeOf(mirror, now)
        sum = sum + free[m]
    end
    local parts = split(divide(sum, demands), free)
    local span, m = life(call.hold), 1
    for d, demand in ipairs(demands) do
        local due, items = demand.share, {}
        while due > 0 do
            while m <= #parts and (parts[m] == 0 or call.mirrors[m].open.records >= MOST_GRANTS) do m = m + 1 end
            if m > #parts then break end
            local mirror, count, grant = call.mirrors[m], min(due, parts[m]), meta.nextNumber
            meta.nextNumber = grant + 1
            appendGrant(mirror.open, grant, sub(demand.node, -8), count, latest + span)
            took(mirror, grant, count, now)
            mirror.granted = mirror.granted + count
            mirror.dirty = true
            parts[m] = parts[m] - count
            due = due - count
            local at = #grants
            grants[at + 1], grants[at + 2], grants[at + 3], grants[at + 4] = d - 1, m - 1, grant, count
            items[#items + 1] = mirror.name .. '=' .. text(grant) .. ':' .. text(count)
        end
        if demand.tier < AHEAD then waiting = waiting + demand.wanted - demand.share + due end
        if #items > 0 and demand.node ~= caller then
            messages[#messages + 1] = { demand.node, table.concat({
                '1', meta.incarnation, text(meta.frame), epoch == '' and '0' or epoch, text(now), demand.sequence, demand.stamp, text(span),
                table.concat(items, ' '),
            }, ' ') }
        end
    end
    if epoch ~= '' then
        meta.waiting = waiting
        meta.waitingAt = now
    end
end

save()
for _, message in ipairs(messages) do redis.call('PUBLISH', channels .. 'node:' .. message[1], message[2]) end
return reply(now, outcome, current, grants, statuses(now))
