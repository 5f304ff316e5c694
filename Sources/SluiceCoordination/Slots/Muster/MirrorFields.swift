/// One mirror's fields in the ledger's hash, in the packed forms that the head of `ledger.lua` gives.
package struct MirrorFields: Hashable, Sendable {
    package var state: [UInt8]
    package var open: [UInt8]
    /// What members are configured with.
    package var rules: [UInt8]
    package var conduct: [UInt8]
    /// One for each window, in ascending order.
    package var logs: [[UInt8]]

    private static let never: Int64 = (1 << 53) - 1

    /// No request takes longer than a day.
    private static let longestLatency: Int64 = 86_400_000_000

    /// How many fields there are besides the logs.
    package static let fixed = 4

    /// Nil when there are not even those that every mirror has.
    package init?(_ fields: [[UInt8]]) {
        guard fields.count >= Self.fixed else { return nil }
        state = fields[0]
        open = fields[1]
        rules = fields[2]
        conduct = fields[3]
        logs = Array(fields.dropFirst(Self.fixed))
    }

    /// What they say of the windows of the logs; nil when they say nothing.
    package func windows(of mirror: String) -> [Int64]? {
        Announcements(of: mirror, text: String(decoding: rules, as: UTF8.self)).strictest?.limits.map(\.window)
    }

    /// - Parameter windows: of the logs.
    package init(_ ledger: MirrorLedger, windows: [Int64]) {
        let counters = ledger.counters
        let numbers = [
            counters.granted, counters.settled, counters.unsent, counters.expired, counters.throttled, ledger.pausedUntil, ledger.drained,
            ledger.latency,
        ]
        state = Self.text(numbers)
        rules = Array(ledger.announced.text.utf8)
        conduct = ledger.conduct == MirrorConduct() ? [] : Self.text(ledger.conduct.numbers)
        open = []
        if !ledger.open.records.isEmpty {
            let earliest = ledger.open.records.map(\.expiry).min() ?? Self.never
            open = Self.packed(ledger.open.sum, 4) + Self.packed(earliest, 7)
            for record in ledger.open.records {
                open +=
                    Self.packed(record.number, 6) + Array(record.tag.utf8) + Self.packed(record.count, 3) + Self.packed(record.expiry, 7)
            }
        }
        logs = windows.map { window in
            guard let log = ledger.logs[window], !log.records.isEmpty else { return [] }
            return log.records.reduce(into: Self.packed(log.sum, 4)) { $0 += Self.packed($1.release, 7) + Self.packed($1.count, 3) }
        }
    }

    /// What they say; nil when they are not of the form.
    package func ledger(of mirror: String, windows: [Int64]) -> MirrorLedger? {
        guard logs.count == windows.count else { return nil }
        var ledger = MirrorLedger()
        ledger.announced = Announcements(of: mirror, text: String(decoding: rules, as: UTF8.self))
        let numbers = Self.numbers(state)
        // Whatever stands there: sums of such numbers never overflow.
        func number(_ place: Int, from least: Int64 = 0) -> Int64 {
            numbers.indices.contains(place) ? min(max(numbers[place], least), TextFields.largest) : 0
        }
        (ledger.counters.granted, ledger.counters.settled, ledger.counters.unsent) = (number(0), number(1), number(2))
        (ledger.counters.expired, ledger.counters.throttled) = (number(3), number(4))
        (ledger.pausedUntil, ledger.drained) = (number(5, from: -TextFields.largest), number(6, from: -TextFields.largest))
        ledger.latency = min(number(7), Self.longestLatency)
        ledger.conduct = MirrorConduct(numbers: Self.numbers(conduct))
        if !open.isEmpty {
            guard open.count >= 11, (open.count - 11) % 24 == 0 else { return nil }
            var last = Int64.min
            for at in stride(from: 11, to: open.count, by: 24) {
                let number = Self.number(open[at..<at + 6])
                let count = Self.number(open[at + 14..<at + 17])
                guard number > last, count > 0 else { return nil }
                last = number
                ledger.open.append(
                    OpenGrants.Record(
                        number: number, tag: Substring(decoding: open[at + 6..<at + 14], as: UTF8.self), count: count,
                        expiry: Self.number(open[at + 17..<at + 24])))
            }
        }
        for (window, log) in zip(windows, logs) where !log.isEmpty {
            guard log.count >= 4, (log.count - 4) % 10 == 0 else { return nil }
            for at in stride(from: 4, to: log.count, by: 10) {
                let (release, count) = (Self.number(log[at..<at + 7]), Self.number(log[at + 7..<at + 10]))
                guard count > 0 else { return nil }
                ledger.logs[window, default: ReleaseLog()].insert(release: release, count: count)
            }
        }
        return ledger
    }

    private static func text(_ numbers: [Int64]) -> [UInt8] { Array(numbers.map(String.init).joined(separator: " ").utf8) }

    private static func numbers(_ text: [UInt8]) -> [Int64] {
        text.split(separator: UInt8(ascii: " ")).map { Int64(String(decoding: $0, as: UTF8.self)) ?? 0 }
    }

    /// Unsigned, most significant byte first; what is below nothing becomes nothing: it is over long ago.
    private static func packed(_ number: Int64, _ bytes: Int) -> [UInt8] {
        (0..<bytes).map { UInt8(truncatingIfNeeded: max(0, number) >> Int64((bytes - 1 - $0) * 8)) }
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> Int64 { bytes.reduce(0) { $0 << 8 | Int64($1) } }
}
