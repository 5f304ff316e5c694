/// The slots of one mirror that were granted and not yet settled, by grant.
package struct OpenGrants: Hashable, Sendable {
    package struct Record: Hashable, Sendable {
        package var number: Int64
        /// The random part of the node's name.
        package var tag: Substring
        /// Slots not settled yet, at least 1.
        package var count: Int64
        /// Ledger time at which they count as completed, if nothing is heard of them.
        package var expiry: Int64
    }

    /// So many records at most: while a mirror has them, it grants nothing.
    package static let mostRecords = 1_024

    /// In the order of their numbers, which is that of granting.
    package private(set) var records: [Record] = []
    /// Slots in all records.
    package private(set) var sum: Int64 = 0
    /// No record expires before it: spares looking through all of them at every call.
    private var earliest = Int64.max

    package init() {}

    package var room: Int { max(0, Self.mostRecords - records.count) }

    /// - Precondition: the number is above all others.
    package mutating func append(_ record: Record) {
        records.append(record)
        sum += record.count
        earliest = min(earliest, record.expiry)
    }

    /// Removes and returns what expires at `now` or before, in the order of granting.
    package mutating func removeExpired(at now: Int64) -> [Record] {
        guard earliest <= now else { return [] }
        let expired = records.filter { $0.expiry <= now }
        records.removeAll { $0.expiry <= now }
        sum -= expired.reduce(0) { $0 + $1.count }
        earliest = records.reduce(Int64.max) { min($0, $1.expiry) }
        return expired
    }

    /// The place of a node's grant; nil when it is not open (any more).
    package func place(of number: Int64, tag: Substring) -> Int? { place(of: number).flatMap { records[$0].tag == tag ? $0 : nil } }

    /// Whether a grant is open, whoever has it.
    package func contains(_ number: Int64) -> Bool { place(of: number) != nil }

    private func place(of number: Int64) -> Int? {
        var low = 0
        var high = records.count
        while low < high {
            let middle = (low + high) / 2
            if records[middle].number < number { low = middle + 1 } else { high = middle }
        }
        return low < records.count && records[low].number == number ? low : nil
    }

    /// Takes settled slots off a record; moves the expiry of what remains, never to an earlier moment.
    package mutating func settle(_ count: Int64, at place: Int, expiry: Int64?) {
        records[place].count -= count
        sum -= count
        if records[place].count == 0 {
            records.remove(at: place)
        } else if let expiry {
            records[place].expiry = max(records[place].expiry, expiry)
        }
    }
}
