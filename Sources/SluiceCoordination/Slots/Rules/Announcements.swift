/// What the members of a pool are configured with for one mirror, as they have announced it with their calls.
///
/// A configuration binds everybody while anyone who has it lives, and for `life` after the last that was heard of it. The same in
/// `rules.lua`.
package struct Announcements: Hashable, Sendable {
    package struct Entry: Hashable, Sendable {
        package var rules: MirrorRules
        /// Ledger time from which it binds nobody any more.
        package var until: Int64
    }

    /// How long a configuration binds after it was last announced, in µs.
    package static let life: Int64 = 30_000_000
    /// It is announced anew when it would bind for less than this, in µs.
    static let renewal: Int64 = 20_000_000
    /// So many different ones are told apart; what comes on top is merged into the last.
    static let most = 8

    /// In the order in which they came.
    package private(set) var entries: [Entry] = []

    package init() {}

    /// What counts: nil while nothing was announced.
    package var strictest: MirrorRules? { MirrorRules.strictest(entries.map(\.rules)) }

    /// Whether all are configured like this, and said so lately.
    /// - Parameter isSure: nothing can bind for longer than what is said now.
    func isSettled(_ own: MirrorRules, latest: Int64, isSure: Bool) -> Bool {
        guard entries.count == 1, entries[0].rules == own else { return false }
        let left = entries[0].until - latest
        return left >= Self.renewal && (!isSure || left <= Self.life)
    }

    /// A member says what it is configured with; what nobody has any more is dropped.
    /// - Parameters:
    ///   - now: ledger time, surely not ahead: what is over by it is over.
    ///   - latest: ledger time, surely not behind.
    ///   - isSure: nothing can bind for longer than what is said now.
    /// - Returns: whether others may want to know.
    mutating func announce(_ own: MirrorRules, now: Int64, latest: Int64, isSure: Bool) -> Bool {
        let before = entries.map(\.rules)
        entries.removeAll { $0.until <= now }
        if isSure { for place in entries.indices { entries[place].until = min(entries[place].until, latest + Self.life) } }
        if let place = entries.firstIndex(where: { $0.rules == own }) {
            if entries[place].until - latest < Self.renewal { entries[place].until = latest + Self.life }
        } else {
            merge(Entry(rules: own, until: latest + Self.life))
        }
        return !before.isEmpty && before != entries.map(\.rules)
    }

    /// Adds what somebody remembers.
    mutating func merge(_ other: Entry) {
        if let place = entries.firstIndex(where: { $0.rules == other.rules }) {
            entries[place].until = max(entries[place].until, other.until)
        } else if entries.count < Self.most {
            entries.append(other)
        } else if let last = entries.popLast() {
            let rules = MirrorRules.strictest([last.rules, other.rules]) ?? other.rules
            entries.append(Entry(rules: rules, until: max(last.until, other.until)))
        }
    }

    /// The same in another reckoning of time.
    func shifted(by span: Int64) -> Announcements {
        var moved = self
        for place in moved.entries.indices { moved.entries[place].until += span }
        return moved
    }

    // MARK: Text

    /// As the ledger keeps it: `CONFIGURATION=UNTIL CONFIGURATION=UNTIL …`.
    package var text: String { entries.map { "\($0.rules.text)=\($0.until)" }.joined(separator: " ") }

    /// Reads what `text` wrote; what is not of this form is left out. Never traps, whatever the text.
    package init(of mirror: String, text: String) {
        for word in text.split(separator: " ").prefix(Self.most) {
            let parts = word.split(separator: "=", omittingEmptySubsequences: false)
            guard parts.count == 2, let rules = MirrorRules(name: mirror, text: parts[0]), let until = Int64(parts[1]),
                until.magnitude <= 1 << 53
            else { continue }
            entries.append(Entry(rules: rules, until: until))
        }
    }
}
