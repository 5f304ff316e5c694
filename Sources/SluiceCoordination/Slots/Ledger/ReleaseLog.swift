/// The completed slots of one mirror under one limit: when each is released, in order.
///
/// Bounded: never more than 1,000 records. A limit of up to 1,000 slots fits exactly; above, releases are
/// rounded up to 1/512 of the window, or 1/16 while less than a quarter of the limit is in use, and so fall together. What
/// still does not fit (completions that were charged after a loss of data) joins the next later record: late, never early.
package struct ReleaseLog: Hashable, Sendable {
    /// Slots that are released together.
    package struct Record: Hashable, Sendable {
        /// Ledger time, µs.
        package var release: Int64
        /// At most `mostTogether`.
        package var count: Int64
    }

    package static let mostRecords = 1_000
    /// What three bytes can count, above every possible limit.
    package static let mostTogether: Int64 = 0xFF_FFFF

    /// By release, earliest first.
    package private(set) var records: [Record] = []
    /// Slots in all records.
    package private(set) var sum: Int64 = 0

    package init() {}

    /// Drops what is released at `now` or before.
    package mutating func purge(at now: Int64) {
        guard let first = records.first, first.release <= now else { return }
        let kept = records.firstIndex { $0.release > now } ?? records.count
        sum -= records[..<kept].reduce(0) { $0 + $1.count }
        records.removeFirst(kept)
    }

    /// Adds slots; records with the same release become one.
    package mutating func insert(release: Int64, count: Int64) {
        let place = endOfReleases(through: release)
        if place > 0, records[place - 1].release == release, records[place - 1].count + count <= Self.mostTogether {
            records[place - 1].count += count
            sum += count
        } else if records.count < Self.mostRecords {
            let fitting = min(count, Self.mostTogether)
            records.insert(Record(release: release, count: fitting), at: place)
            sum += fitting
        } else {
            let host = min(place, records.count - 1)
            let fitting = min(count, Self.mostTogether - records[host].count)
            records[host].release = max(records[host].release, release)
            records[host].count += fitting
            sum += fitting
        }
    }

    /// When so many slots (at least one) will have been released; nil when the log holds fewer.
    package func release(of needed: Int64) -> Int64? {
        guard needed <= sum else { return nil }
        var passed: Int64 = 0
        for record in records {
            passed += record.count
            if passed >= needed { return record.release }
        }
        return nil
    }

    /// How many records are released at `time` or before. Completions come nearly in order, so the end is tried first.
    private func endOfReleases(through time: Int64) -> Int {
        guard let last = records.last, last.release > time else { return records.count }
        var low = 0
        var high = records.count - 1
        while low < high {
            let middle = (low + high) / 2
            if records[middle].release <= time { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

extension RateLimit {
    /// The window and the allowance for a clock at either end that runs 1,000 ppm fast or slow.
    package var guardedWindow: Int64 { window + LedgerTerms.drift(over: window) }

    /// When a slot that completed at `completion` is free again.
    /// - Parameter isPlenty: whether little of the limit is in use.
    package func release(ofCompletion completion: Int64, isPlenty: Bool = false) -> Int64 {
        let exact = completion + guardedWindow
        let step = releaseStep(isPlenty: isPlenty)
        let past = exact % step
        return past == 0 ? exact : exact + step - past
    }

    /// Releases fall on multiples of this, in µs: 1 where every slot fits on its own.
    /// - Parameter isPlenty: whether little of the limit is in use. Then more are released together: there is less to store and to read.
    package func releaseStep(isPlenty: Bool) -> Int64 {
        guard count > Int64(ReleaseLog.mostRecords) else { return 1 }
        return (window + 511) / 512 * (isPlenty ? 32 : 1)
    }
}
