/// What the ledger publishes to a node that a reserve gave slots to, in one line of text:
///
///     1 INCARNATION FRAME EPOCH TIME SEQUENCE STAMP LIFE NAME=NUMBER:COUNT NAME=NUMBER:COUNT …
///
/// It is a wake-up only: the grants are in the ledger, and whoever misses the message pulls them.
package struct GrantMessage: Hashable, Sendable {
    package struct Item: Hashable, Sendable {
        /// The mirror's name.
        package var mirror: String
        package var number: Int64
        package var count: Int64

        package init(mirror: String, number: Int64, count: Int64) {
            self.mirror = mirror
            self.number = number
            self.count = count
        }
    }

    package var incarnation: String
    /// The frame of ledger time that `time` is in; see `LedgerStamp`.
    package var frame: Int64
    /// Of the leader that reserved; 0: a node without an epoch did.
    package var epoch: Int64
    /// Ledger time of the grant.
    package var time: Int64
    /// One more than in the last message to this node from this leader; otherwise one was lost.
    package var sequence: Int64
    /// The demand that it answers, by the node's own mark.
    package var stamp: Int64
    /// µs from `time` until the slots count as used; see `LedgerTerms.hold(ofLife:)`.
    package var life: Int64
    package var items: [Item]

    package init(
        incarnation: String, frame: Int64 = 0, epoch: Int64, time: Int64, sequence: Int64, stamp: Int64, life: Int64, items: [Item]
    ) {
        self.frame = frame
        self.incarnation = incarnation
        self.epoch = epoch
        self.time = time
        self.sequence = sequence
        self.stamp = stamp
        self.life = life
        self.items = items
    }

    /// What it says of ledger time.
    package var ledger: LedgerStamp { LedgerStamp(time: time, frame: frame, incarnation: incarnation) }

    /// The form in which it is published.
    package var text: String {
        let head = "1 \(incarnation) \(frame) \(epoch) \(time) \(sequence) \(stamp) \(life)"
        return items.reduce(into: head) { $0 += " \($1.mirror)=\($1.number):\($1.count)" }
    }

    /// Reads what came over the channel; nil when it is not of this form. Never traps, whatever the bytes.
    package init?(_ payload: some Collection<UInt8>) {
        let words = payload.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
        guard words.count >= 9, words[0].elementsEqual("1".utf8), let incarnation = Self.name(words[1]) else { return nil }
        var numbers: [Int64] = []
        for word in words[2...7] {
            guard let number = Self.number(word) else { return nil }
            numbers.append(number)
        }
        guard numbers[0] >= 0, numbers[1] >= 0, numbers[5] >= 0 else { return nil }
        var items: [Item] = []
        items.reserveCapacity(words.count - 8)
        for word in words[8...] {
            guard let equals = word.firstIndex(of: UInt8(ascii: "=")), let colon = word[equals...].firstIndex(of: UInt8(ascii: ":")),
                let mirror = Self.name(word[..<equals]),
                let number = Self.number(word[word.index(after: equals)..<colon]), number > 0,
                let count = Self.number(word[word.index(after: colon)...]), (1...RateLimit.countBounds.upperBound).contains(count)
            else { return nil }
            items.append(Item(mirror: mirror, number: number, count: count))
        }
        self.init(
            incarnation: incarnation, frame: numbers[0], epoch: numbers[1], time: numbers[2], sequence: numbers[3], stamp: numbers[4],
            life: numbers[5], items: items)
    }

    /// A decimal number that a double holds exactly, so that no sum of a few overflows.
    private static func number(_ word: some Collection<UInt8>) -> Int64? {
        let negative = word.first == UInt8(ascii: "-")
        let digits = word.dropFirst(negative ? 1 : 0)
        guard (1...16).contains(digits.count), digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
            return nil
        }
        let size = digits.reduce(into: Int64(0)) { $0 = $0 * 10 + Int64($1 - UInt8(ascii: "0")) }
        guard size <= TextFields.largest else { return nil }
        return negative ? -size : size
    }

    private static func name(_ word: some Collection<UInt8>) -> String? {
        guard (1...64).contains(word.count), word.allSatisfy(\.isNameByte) else { return nil }
        return String(decoding: word, as: UTF8.self)
    }
}
