-- What the caller says: the arguments that the head of ledger.lua lists. Behind these an entry script reads its own, word by word.

local cursor, words = 0, ARGV
local function word()
    cursor = cursor + 1
    return words[cursor]
end
local function number()
    cursor = cursor + 1
    return tonumber(words[cursor])
end

local call = {
    raw = number(), version = word(), candidate = word(), known = word(), frame = number(), lower = number(), upper = number(),
    ahead = number(), found = number(), doubt = number(), least = number(), waited = number(), lasted = number(), age = number(),
    node = word(), runID = word(), scope = word(), muster = number(), settling = number(), hold = number(), timeout = number(), mirrors = {},
}

-- What the pool's channels begin with.
local channels = sub(KEYS[1], 1, -7) .. call.scope

-- From a grant until its node, if it stays silent, is taken to have used it to the last moment.
local function life(hold) return hold + drift(hold) + call.timeout + 1000000 + drift(call.timeout) end

-- From when on what is still to come is counted: whoever is in doubt takes the clock for right here, since it may ask too soon, and
-- must not ask too late.
local function present(now) return call.unsure or now end

for m = 1, number() do
    local name, burst, concurrency, limits = word(), word(), word(), {}
    local said = burst .. ',' .. concurrency
    for l = 1, number() do
        local count, window = word(), word()
        limits[l] = { count = tonumber(count), window = tonumber(window), text = window }
        said = said .. ';' .. count .. '/' .. window
    end
    -- The text is what rulesText would make of it.
    call.mirrors[m] = { name = name, text = said, own = { burst = tonumber(burst), concurrency = tonumber(concurrency), limits = limits } }
end
