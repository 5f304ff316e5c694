package import SluiceLoop

/// A record as this process holds it: with the instants of this host's continuous clock between which it may be served.
package struct MemoryEntry: Sendable {
    /// The answer.
    var record: CacheRecord
    /// When its age was zero.
    var bornAt: Instant
    /// Until when it is fresh.
    var freshUntil: Instant
    /// Until when it may be served while it is refreshed.
    var refreshUntil: Instant
    /// Until when it may be served at all.
    var staleUntil: Instant
    /// How it is to be kept when it is refreshed ahead; nil: nobody here knows, so that it is not.
    var policy: SharedPolicy?
    /// The tracking era in which it was known to be what Redis holds; see ``TrustEra``. 0: unverified.
    var era: UInt64

    init(
        record: CacheRecord, bornAt: Instant, freshUntil: Instant, refreshUntil: Instant, staleUntil: Instant, policy: SharedPolicy?,
        era: UInt64
    ) {
        self.record = record
        self.bornAt = bornAt
        self.freshUntil = freshUntil
        self.refreshUntil = refreshUntil
        self.staleUntil = staleUntil
        self.policy = policy
        self.era = era
    }

    /// An entry for a record that a reply brought.
    /// - Parameters:
    ///   - serverTime: the time that the reply gives, in the record's milliseconds.
    ///   - anchor: an instant no later than that time, such as when the command was sent, so that we err towards stale.
    package init(_ record: CacheRecord, serverTime: Int64, anchor: Instant, era: UInt64) {
        func instant(_ time: Int64) -> Instant {
            let (span, overflow) = time.subtractingReportingOverflow(serverTime)
            let (microseconds, tooLong) = span.multipliedReportingOverflow(by: 1_000)
            return anchor.advanced(byMicroseconds: overflow || tooLong ? (time < serverTime ? .min / 2 : .max / 2) : microseconds)
        }
        self.record = record
        bornAt = instant(record.storedAt).advanced(byMicroseconds: -min(record.ageWhenStored, 1 << 42) * 1_000)
        freshUntil = instant(record.freshUntil)
        refreshUntil = instant(record.refreshUntil)
        staleUntil = instant(record.staleUntil)
        self.era = era
        if record.storedAt > serverTime + Self.step { endFreshness(at: anchor) }
    }

    /// A record from so many milliseconds ahead was stored before the server's clock was set back.
    private static let step: Int64 = 1_000

    /// Nobody knows how old it is: what is left begins with its staleness. `lookup.lua` does the same.
    private mutating func endFreshness(at now: Instant) {
        let excess = freshUntil.microseconds(since: now)
        guard excess > 0 else { return }
        freshUntil = now
        refreshUntil = refreshUntil.advanced(byMicroseconds: -excess)
        staleUntil = staleUntil.advanced(byMicroseconds: -excess)
    }

    /// From when on it nears its end, and may be refreshed ahead: the last fifth of its freshness.
    var nearsEnd: Instant {
        let life = min(max(0, record.freshUntil - record.storedAt), 1 << 42)
        return freshUntil.advanced(byMicroseconds: -(life * 1_000 / 5))
    }

    /// When a mirror gave or confirmed it.
    var receivedAt: Instant { record.receivedAt(bornAt: bornAt) }

    /// The answer, not to be taken for fresh whatever its own time says: it may be unverified, or too old for the caller.
    func staleAnswer(from source: CacheAnswer.Source, now: Instant) -> CacheAnswer {
        var answer = answer(from: source, now: now)
        answer.stale = true
        answer.remainingFresh = min(answer.remainingFresh, .zero)
        return answer
    }

    /// The answer at a time.
    func answer(from source: CacheAnswer.Source, now: Instant, collapsed: Bool = false) -> CacheAnswer {
        MemoryHit(record: record, bornAt: bornAt, freshUntil: freshUntil).answer(from: source, now: now, collapsed: collapsed)
    }
}

extension CacheRecord {
    /// When a mirror gave or confirmed it, given when its age was zero.
    func receivedAt(bornAt: Instant) -> Instant { bornAt.advanced(byMicroseconds: min(ageWhenStored - heldWhenStored, 1 << 42) * 1_000) }
}
