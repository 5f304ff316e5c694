/// What one member remembers of a ledger, told in a muster. Its times count from the moment at which it is sent, so that they need
/// no clock in common; each errs towards holding a slot for longer.
package struct Recollection: Hashable, Sendable {
    /// One of the member's own grants, of which its copy of the ledger does not know the end.
    package struct Own: Hashable, Sendable {
        package var number: Int64
        /// The mirror's name.
        package var mirror: String
        /// Slots of the whole grant.
        package var count: Int64
        /// µs until the ledger counts what is left of it as used.
        package var remaining: Int64
        /// The slots that the ledger has confirmed as settled, in that order: µs since their completion, nil for one that was
        /// never used.
        package var settled: Runs<Int64?>
        /// How many more were reported as never used without an answer: the ledger may have given them to others.
        package var doubtful: Int64

        package init(number: Int64, mirror: String, count: Int64, remaining: Int64, settled: Runs<Int64?> = [], doubtful: Int64 = 0) {
            self.number = number
            self.mirror = mirror
            self.count = count
            self.remaining = remaining
            self.settled = settled
            self.doubtful = doubtful
        }
    }

    /// The life of the data that the member knew.
    package var incarnation: String
    package var copy: LedgerCopy?
    /// The ledger time of the copy's life at the moment of sending, at the least.
    package var copyTime: Int64
    package var own: [Own]

    /// Whether the member remembers nothing at all.
    package var isEmpty: Bool { copy == nil && own.isEmpty }

    package init(incarnation: String, copy: LedgerCopy?, copyTime: Int64, own: [Own]) {
        self.incarnation = incarnation
        self.copy = copy
        self.copyTime = copyTime
        self.own = own
    }
}
