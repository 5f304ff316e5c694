internal import SluiceLoop

/// How many refreshes may run, and how soon after a refusal another slot may be asked for. Pure.
///
/// A slot is asked for once and never waited for, so under load each attempt costs Redis a call: after a refusal the next one waits,
/// twice as long each time.
struct RefreshGate: Sendable {
    /// How many refreshes one process has under way at most.
    static let width = 4
    /// The first and the longest pause after a refusal, in microseconds.
    static let pauses: (least: Int64, most: Int64) = (50_000, 1_000_000)

    private var underWay: Set<CacheKey> = []
    private var pause = pauses.least
    /// Until when no slot is asked for.
    private(set) var opensAt = Instant(microseconds: .min)

    /// Whether another refresh may begin.
    func allowsAnother(at now: Instant) -> Bool { underWay.count < Self.width && isOpen(at: now) }

    /// Whether a slot may be asked for.
    func isOpen(at now: Instant) -> Bool { now >= opensAt }

    /// A refresh begins.
    mutating func began(_ key: CacheKey) { underWay.insert(key) }

    /// A refresh has ended.
    mutating func ended(_ key: CacheKey) -> Bool { underWay.remove(key) != nil }

    /// There was no slot to spare.
    mutating func refused(at now: Instant) {
        guard isOpen(at: now) else { return }
        opensAt = now.advanced(byMicroseconds: pause)
        pause = min(pause * 2, Self.pauses.most)
    }

    /// There was one.
    mutating func granted() { pause = Self.pauses.least }
}
