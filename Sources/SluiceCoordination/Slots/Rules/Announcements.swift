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

    /// A window that was announced and is no more, longer than all that are. It binds nobody; but whoever has it may come back, and what
    /// was sent before and in the meantime counts then. One is enough: the log of a longer window knows what those of shorter ones did.
    package struct Memorial: Hashable, Sendable {
        /// µs.
        package var window: Int64
        /// Ledger time from which nothing counts under it any more that was sent while it was announced.
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
    package private(set) var memorial: Memorial?

    package init() {}

    /// What counts: nil while nothing was announced.
    package var strictest: MirrorRules? { MirrorRules.strictest(entries.map(\.rules)) }

    /// What the ledger goes by: the strictest, and beside it the window that is remembered.
    var governing: MirrorRules? {
        var rules = strictest
        if let memorial, rules?.remembers(memorial.window) == true { rules?.memorial = RateLimit(remembered: memorial.window) }
        return rules
    }

    /// Whether all are configured like this, and said so lately.
    /// - Parameter isSure: nothing can bind for longer than what is said now.
    func isSettled(_ own: MirrorRules, now: Int64, latest: Int64, isSure: Bool) -> Bool {
        guard entries.count == 1, entries[0].rules == own else { return false }
        let left = entries[0].until - latest
        guard left >= Self.renewal, !isSure || left <= Self.life else { return false }
        guard let memorial else { return true }
        return memorial.until > now && (!isSure || memorial.until <= Self.end(of: memorial.window, from: latest))
    }

    /// A member says what it is configured with; what nobody has any more is dropped.
    /// - Parameters:
    ///   - now: ledger time, surely not ahead: what is over by it is over.
    ///   - latest: ledger time, surely not behind.
    ///   - isSure: nothing can bind for longer than what is said now.
    /// - Returns: whether others may want to know.
    mutating func announce(_ own: MirrorRules, now: Int64, latest: Int64, isSure: Bool) -> Bool {
        let before = entries.map(\.rules)
        let gone = entries.filter { $0.until <= now }.compactMap(\.rules.limits.last?.window).max()
        entries.removeAll { $0.until <= now }
        if isSure { for place in entries.indices { entries[place].until = min(entries[place].until, latest + Self.life) } }
        if let place = entries.firstIndex(where: { $0.rules == own }) {
            if entries[place].until - latest < Self.renewal { entries[place].until = latest + Self.life }
        } else {
            merge(Entry(rules: own, until: latest + Self.life))
        }
        remember(gone, now: now, latest: latest, isSure: isSure)
        return !before.isEmpty && before != entries.map(\.rules)
    }

    /// - Parameter gone: the longest window of those that were dropped.
    private mutating func remember(_ gone: Int64?, now: Int64, latest: Int64, isSure: Bool) {
        guard let rules = strictest else { return }
        if let known = memorial {
            memorial = known.until > now ? known : nil
            if isSure { memorial?.until = min(known.until, Self.end(of: known.window, from: latest)) }
        }
        if let gone, gone > rules.limits.last?.window ?? 0 { merge(Memorial(window: gone, until: Self.end(of: gone, from: latest))) }
        if let known = memorial, !rules.remembers(known.window) { memorial = nil }
    }

    /// When nothing counts under a window any more that has counted by now.
    private static func end(of window: Int64, from latest: Int64) -> Int64 { latest + RateLimit(remembered: window).guardedWindow }

    private mutating func merge(_ other: Memorial) {
        memorial = Memorial(window: max(memorial?.window ?? 0, other.window), until: max(memorial?.until ?? other.until, other.until))
    }

    /// Adds what somebody remembers.
    mutating func merge(_ other: Announcements) {
        for entry in other.entries { merge(entry) }
        if let told = other.memorial { merge(told) }
    }

    private mutating func merge(_ other: Entry) {
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
        moved.memorial?.until += span
        return moved
    }

    // MARK: Text

    /// As the ledger keeps it: `CONFIGURATION=UNTIL CONFIGURATION=UNTIL … WINDOW@UNTIL`; the last is the memorial, where there is one.
    package var text: String {
        (entries.map { "\($0.rules.text)=\($0.until)" } + (memorial.map { ["\($0.window)@\($0.until)"] } ?? [])).joined(separator: " ")
    }

    /// Reads what `text` wrote; what is not of this form is left out. Never traps, whatever the text.
    package init(of mirror: String, text: String) {
        for word in text.split(separator: " ").prefix(Self.most + 1) {
            let parts = word.split(omittingEmptySubsequences: false) { $0 == "=" || $0 == "@" }
            guard parts.count == 2, let until = Int64(parts[1]), until.magnitude <= 1 << 53 else { continue }
            if word.contains("@") {
                guard let window = Int64(parts[0]), RateLimit.windowBounds.contains(window) else { continue }
                memorial = Memorial(window: window, until: until)
            } else if entries.count < Self.most, let rules = MirrorRules(name: mirror, text: parts[0]) {
                entries.append(Entry(rules: rules, until: until))
            }
        }
    }
}
