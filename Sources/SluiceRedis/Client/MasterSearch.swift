import SluiceLoop

/// Whether to look for a master elsewhere while the server takes no writes, and whether one that was found is worth moving to. Pure.
///
/// The name of a server that became a replica may lead to the new master by now, or may never do so. So it is looked up, ever more
/// rarely as long as nothing comes of it, and what goes on with the replica meanwhile goes on.
struct MasterSearch {
    private var backOff: BackOff
    private let maximum: Int64
    private var isUnderWay = false
    private var next = Instant(microseconds: 0)

    /// - Parameters: microseconds; see `RedisClientOptions.backOffMinimum` and `standingBackOffMaximum`.
    init(minimum: Int64, maximum: Int64) {
        backOff = BackOff(minimum: minimum)
        self.maximum = maximum
    }

    /// A command was refused since the server is a replica. True when to look now.
    mutating func refused(at now: Instant) -> Bool {
        guard !isUnderWay, now >= next else { return false }
        // For so long nobody has been refused that it is another story.
        if now.microseconds(since: next) > maximum { backOff.reset() }
        isUnderWay = true
        return true
    }

    /// The look is over. True when to move to what was found.
    /// - Parameters:
    ///   - found: where the name leads now; nil: nowhere.
    ///   - present: the server that commands go to.
    ///   - chance: a random number in 0..<1.
    mutating func ended(
        _ found: RedisHandshake.Server?, present: RedisHandshake.Server?, at now: Instant, chance: Double
    ) -> Bool {
        isUnderWay = false
        next = now.advanced(byMicroseconds: backOff.wait(upTo: maximum, chance: chance))
        guard let found, let present else { return false }
        return found.runID != present.runID && !found.isReplica
    }
}
