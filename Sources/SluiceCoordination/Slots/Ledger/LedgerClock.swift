package import SluiceLoop

/// What one process knows of ledger time: bounds that hold at any instant of its own continuous clock.
///
/// A reply that says "T at the least, U at the most", asked for at s and received at r, was made between the two. So at a
/// later local x ledger time is at least `T + (x − r)` and at most `U + (x − s)`, but for the drift of both clocks, for which
/// 1,000 ppm are allowed. Knowledge is intersected; where nothing is left a clock was stepped in between, or
/// the ledger began anew, and the newer knowledge stands alone. A frame that begins (see `LedgerStamp`) is behind the one before: the
/// upper bound holds in it, the lower one does not.
///
/// A reply whose `clock` is ahead of the upper bound even when it comes proves that the host's clock was set forward, by however little:
/// no slow call explains that. The next call says so, and the ledger puts its clock right.
///
/// A reply that is in doubt (see `LedgerStamp`) gives an upper bound that goes along with the next call, and counts once the ledger says
/// that it does.
///
/// The bounds are what keeps a step of the Redis host's clock from moving ledger time: see `clock.lua`.
package struct LedgerClock: Hashable, Sendable {
    /// Ledger time was (at least, or at most) `time` at the local instant `at`.
    private struct Anchor: Hashable, Sendable {
        var time: Int64
        var at: Instant
        func least(at now: Instant) -> Int64 {
            let span = now.microseconds(since: at)
            return time + span - LedgerTerms.drift(over: span)
        }
        func most(at now: Instant) -> Int64 {
            let span = now.microseconds(since: at)
            return time + span + LedgerTerms.drift(over: span)
        }
    }

    /// The first clock that the upper bound was made from, the highest lower bound on it, since when that is so, and since when there
    /// has been any doubt.
    private struct Doubt: Hashable, Sendable {
        var reading: Int64
        var least: Anchor
        var since: Instant
        var first: Instant
    }

    /// The life of the ledger's data that the bounds are about; nil before anything was heard.
    package private(set) var incarnation: String?
    /// The frame of ledger time that they are about; see `LedgerStamp`.
    package private(set) var frame: Int64 = 0
    private var lower: Anchor?
    private var upper: Anchor?
    private var lastHeard: Instant?
    /// Set while nobody has vouched for the upper bound.
    private var doubt: Doubt?
    /// The latest clock that was found right when its reply came.
    private var found: Int64?
    /// Whether the last reply proved that the host's clock is ahead.
    private var isAhead = false
    /// How many proofs there were lately, and when the last one was.
    private var proofs = 0
    private var lastProof = Instant(microseconds: 0)
    /// Less than this is no proof. It doubles with each one: whose own clock is slewed, or stands still now and then, would find new
    /// ones for ever, and each correction costs the whole pool a call's travel.
    static let leastProof: Int64 = 1_000
    /// So many microseconds after the last proof one less counts.
    private static let calm: Int64 = 10_000_000

    package init() {}

    /// Takes in a reply.
    /// - Parameters:
    ///   - sent: before the call was given to the connection.
    ///   - received: after its reply was read.
    /// - Returns: whether it has just proved that the clock is ahead: another call should follow, which puts it right. Nobody else may
    ///   call for a while, and who has just come would believe it by then.
    @discardableResult package mutating func heard(_ stamp: LedgerStamp, sent: Instant, received: Instant) -> Bool {
        guard !stamp.incarnation.isEmpty else { return false }
        if incarnation != stamp.incarnation || frame > stamp.frame {
            (lower, upper, lastHeard, isAhead, doubt, found) = (nil, nil, nil, false, nil, nil)
        } else if frame < stamp.frame {
            (lower, found) = (nil, nil)
            // What a doubtful clock bounds is its own frame.
            if doubt != nil { upper = nil }
        }
        let isNewFrame = lower == nil
        incarnation = stamp.incarnation
        frame = stamp.frame
        let low = Anchor(time: stamp.time, at: received)
        let high = Anchor(time: stamp.clock, at: sent)
        if let known = lower, known.least(at: received) > low.least(at: received) {} else { lower = low }
        lastHeard = max(lastHeard ?? sent, sent)
        if stamp.isInDoubt {
            doubted(stamp.clock, high, received: received)
            return false
        }
        doubt = nil
        if let known = upper, known.most(at: received) < high.most(at: received) {} else { upper = high }
        if let lower, let upper, lower.least(at: received) > upper.most(at: received) {
            if low.least(at: received) > upper.most(at: received) {
                // Others let it run ahead of our bound a little, as far as theirs are wide. No further: `clock` may have been set.
                self.upper = Anchor(time: stamp.time, at: sent)
            } else {
                self.lower = low
                self.upper = high
            }
        }
        let ahead = stamp.clock - upper!.most(at: received)
        let wasAhead = isAhead
        weigh(ahead: ahead, at: received)
        if !isNewFrame, ahead < Self.leastProof { found = stamp.clock }
        return isAhead && !wasAhead
    }

    /// Takes in a clock that nobody vouches for.
    private mutating func doubted(_ reading: Int64, _ high: Anchor, received: Instant) {
        // A call that left before others brought certainty says nothing against it.
        guard upper == nil || doubt != nil else { return }
        let low = Anchor(time: reading, at: received)
        if let known = upper, var doubt {
            if high.most(at: received) < known.most(at: received) { upper = high }
            if low.least(at: received) > doubt.least.least(at: received), low.least(at: received) <= upper!.most(at: received) {
                doubt.least = low
                self.doubt = doubt
            }
        } else {
            (upper, doubt) = (high, Doubt(reading: reading, least: low, since: high.at, first: doubt?.first ?? high.at))
        }
        weigh(ahead: reading - upper!.most(at: received), at: received)
    }

    /// Decides whether a clock that was so far ahead of the upper bound when a reply came is proof.
    private mutating func weigh(ahead: Int64, at now: Instant) {
        let past = max(0, proofs - Int(now.microseconds(since: lastProof) / Self.calm))
        // What is proved stays so until it is put right.
        let wasAhead = isAhead
        isAhead = ahead >= Self.leastProof << (wasAhead ? 0 : min(past, 10))
        if isAhead, !wasAhead { (proofs, lastProof) = (past + 1, now) }
    }

    /// Takes in a message that carries ledger time: it was made some unknown time before it was received,
    /// so it bounds ledger time from below only.
    package mutating func heardMessage(_ stamp: LedgerStamp, received: Instant) {
        guard !stamp.incarnation.isEmpty else { return }
        guard incarnation == nil || incarnation == stamp.incarnation && frame == stamp.frame else { return }
        incarnation = stamp.incarnation
        frame = stamp.frame
        let low = Anchor(time: stamp.time, at: received)
        if let known = lower, known.least(at: received) > stamp.time {} else { lower = low }
        // As with a reply: by so much, and no more.
        if let lower, let upper, lower.least(at: received) > upper.most(at: received) { (self.upper, isAhead) = (low, false) }
        lastHeard = lastHeard ?? received
    }

    /// What to send along with a call that leaves at `now`; nil when nothing was heard.
    package func knowledge(at now: Instant) -> LedgerKnowledge? {
        guard let incarnation, let lower, let lastHeard else { return nil }
        return LedgerKnowledge(
            incarnation: incarnation, frame: frame, lower: lower.least(at: now), upper: upper?.most(at: now), isClockAhead: isAhead,
            found: found,
            doubt: doubt.map {
                LedgerKnowledge.Doubt(
                    reading: $0.reading, least: $0.least.least(at: now), waited: now.microseconds(since: $0.since),
                    lasted: now.microseconds(since: $0.first))
            },
            age: max(0, now.microseconds(since: lastHeard)))
    }
}
