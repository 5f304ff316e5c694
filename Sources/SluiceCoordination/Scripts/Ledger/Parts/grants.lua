-- Open grants: slots that a node has and has not reported yet. A mirror's are
-- { s, first, sum, earliest, records, added = packed records to append, dirty }. The rules are those of OpenGrants.swift.

local GRANT, MOST_GRANTS = 24, 1024

local function removeExpired(open, now)
    local expired = {}
    if open.earliest > now then return expired end
    local kept, from, earliest = {}, open.first, NEVER
    for position = open.first, #open.s - 1, GRANT do
        local count, expiry = read('>I3I7', open.s, position + 14)
        if expiry <= now then
            expired[#expired + 1] = { grant = read('>I6', open.s, position), count = count, expiry = expiry }
            kept[#kept + 1] = sub(open.s, from, position - 1)
            from = position + GRANT
            open.sum = open.sum - count
            open.records = open.records - 1
        else
            earliest = min(earliest, expiry)
        end
    end
    kept[#kept + 1] = sub(open.s, from)
    open.s, open.first, open.earliest, open.dirty = table.concat(kept), 1, earliest, true
    return expired
end

-- Where a grant stands that was not made in this call, and whose it is; nil when it is not open (any more).
local function find(open, grant)
    local records = open.records - #open.added
    local low, high = 0, records
    while low < high do
        local middle = floor((low + high) / 2)
        if read('>I6', open.s, open.first + middle * GRANT) < grant then low = middle + 1 else high = middle end
    end
    if low == records then return nil end
    local position = open.first + low * GRANT
    local found, owner = read('>I6c8', open.s, position)
    if found == grant then return position, owner end
    return nil
end

local function appendGrant(open, grant, tag, count, expiry)
    open.added[#open.added + 1] = pack('>I6c8I3I7', grant, tag, count, expiry)
    open.records = open.records + 1
    open.sum = open.sum + count
    open.earliest = min(open.earliest, expiry)
    open.dirty = true
end
