-- The slot ledger of a pool: what its scripts are told, what they reply, and what they keep. LedgerScript.swift puts the parts that an
-- entry script goes by before it, this one first.
--
-- KEYS  1 ledger   hash, see below
--       2 leader   string: the node that holds the lease        (reserve only)
--       3 epoch    integer: the fencing token                   (reserve only)
--
-- ARGV, for every script, in this order; an entry script's own follow behind and are listed in its header
--       raw          '' for this server's TIME; a number of µs instead of it in tests
--       version      of the ledger's protocol that the caller speaks
--       candidate    the name that a new life of the data takes, if this call has to begin one
--       known        the incarnation that the caller's bounds are about; '' for none
--       frame        of ledger time that they are about
--       lower upper  bounds on ledger time when the call was sent, µs; each '' for none
--       ahead        1: a reply has proved that the clock is ahead of the upper bound
--       found        the latest clock that the caller found right when the reply came; '' for none
--       doubt        the clock that the upper bound was made from, when nobody had vouched for it; '' otherwise
--       least        what that clock is at least by now, unless it was set since; '' like it
--       waited       µs since the caller met that clock
--       lasted       µs since the caller's doubt began, whatever it met
--       age          µs since the caller last heard of the known incarnation
--       node         who calls; '' for one that takes no part, and is never in doubt
--       runID        the server behind the caller's connection; '' for unknown
--       scope        of the channels, behind the keys' prefix; '' in database 0
--       muster       µs for which members are asked what they remember when data may be lost; 0: nobody remembers
--       settling     µs that it may yet take until every member that is well is connected to this server
--       hold         µs a grant may wait to be sent
--       timeout      µs a request may take
--       count of mirrors, and for each: name, burst, concurrency (0: none), count of limits, and for each limit:
--                    count, window in µs; windows ascend
--
-- Replies are arrays of whole numbers and strings; the first seven (HEAD) are ledger time by which slots are released, its clock,
-- its frame, 1 when nobody vouches for the clock, the incarnation, the muster under way (its number, 0: none) and the µs until it
-- may be ended.
-- A mirror's status is { free, in use, next release in µs or -1, paused for µs, sealed for µs, standing (0 good, 1 failing,
-- 2 refusing), what its first limit is held to or 0 }.
-- A call that begins a muster sends to <channels>beat: M1 incarnation number
-- A call that finds that members with another configuration have come or gone, or that is in doubt some time after the last one that
-- was not, sends to <channels>beat: L1 incarnation; members then announce themselves, and those who know the time vouch for it.
-- Each mirror goes by the strictest of what its members are configured with: see rules.lua.
--
-- Fields of the hash; all times are ledger time in whole µs
--       protocol         the version that the data was begun with: calls of nodes that speak another one are refused
--       meta             incarnation birth adjustment last next-number sealed-until waiting waiting-at vanishes run-id frame
--                        version musters muster-start muster-until memories confirmed asked
--                        (vanishes: when the key's time to live is over, by the host's clock)
--       lives            earlier incarnations whose memory is in this one, with spaces between, at most 16
--       lost             those of them (or this one) that the muster under way is about
--       ignorant         during a muster: the nodes that have said that they remember nothing; ! once somebody remembers
--       memory:TAG       what a node remembers: both readings of ledger time when it said so, and its text
--       rules:NAME       see rules.lua
--       state:NAME       granted settled unsent expired throttled paused-until drained latency
--       conduct:NAME     see conduct.lua
--       open:NAME        slots and earliest expiry >I4 >I7, then a record a grant, by number:
--                        number >I6, random part of the node c8, slots >I3, expiry >I7
--       log:NAME:WINDOW  slots >I4, then a record a release, by time: release >I7, slots >I3
--
-- One hash, so that a call costs TIME, one read and one write however many mirrors there are. Lists are packed,
-- so that a call's work in Lua grows with what changes, not with what is there. A double holds whole numbers
-- exactly up to 2^53; µs since 1970 reach that in the year 2255. But tostring keeps 14 digits only: use `text`.

local NEVER, HOUR = 9007199254740991, 3600000000

local floor, max, min, sub = math.floor, math.max, math.min, string.sub
local pack, read, tonumber, ipairs = struct.pack, struct.unpack, tonumber, ipairs

local function text(x) return string.format('%.0f', x) end

-- What is read was written by nobody who goes by these rules: a call that changes the ledger takes it for lost, see begin.lua.
local DAMAGED = 'SLUICE-DAMAGED'
local function damaged() error(DAMAGED, 0) end

-- Allowance for a clock at either end that runs 1,000 ppm fast or slow.
local function drift(span) return span <= 0 and 0 or floor((span + 999) / 1000) end

-- What is known of the data as a whole; nil while there is none.
local meta
